import { createTRPCClient, httpBatchLink } from "@trpc/client";
import type { AppRouter } from "../../functions/edge/app-router.ts";
import { playCraftStory } from "./craft-story.ts";
import { DEMO, type Demo } from "./demo.ts";
import { fireSchedule } from "./fire-schedule.ts";
import type { Stack } from "./stack.ts";
import { type Say, step, until } from "./tell.ts";

const DAY_MS = 86_400_000;
const INSTALLMENTS = 3;
const TOTAL_CENTS = 360_000;

/**
 * One lead from the public form to the paid charge, and one repository from its connection to a rule, through the front door, with the clients that people use. Every step checks what it
 * says: a step that does not come true ends the story with an error.
 */
export async function playStory({ stack, demo, say }: { stack: Stack; demo: Demo; say: Say }): Promise<void> {
  const { asaas, clerk, variables } = stack;
  const url = variables.PUBLIC_URL ?? "";
  if (asaas === undefined || clerk === undefined) {
    say("The story needs the stand-ins of Clerk and Asaas; the environment names the real ones, so it is not played.");
    return;
  }
  const visitor = inventVisitor();
  const trpc = createTRPCClient<AppRouter>({
    links: [
      httpBatchLink({
        url: `${url}/api/trpc`,
        headers: () => ({ authorization: `Bearer ${clerk.mint({ userId: demo.ownerClerkId })}` }),
      }),
    ],
  });

  await step(say, "1. a visitor posts the public lead form", async () => {
    const response = await fetch(`${url}/forms/${DEMO.formKey}`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        name: visitor.name,
        phone: visitor.phone,
        email: visitor.email,
        goal: "promotion",
        consent: "on",
      }),
    });
    if (!response.ok) throw new Error(`The form answered ${response.status}: ${await response.text()}`);
    return { value: undefined, text: `${response.status}, lead stored` };
  });

  const lead = await step(
    say,
    "2. a member signs in and reads leads, enrolments and herself in one batch over two Workers",
    async () => {
      const [leads, enrollments, me] = await Promise.all([
        trpc.leads.list.query({}),
        trpc.enrollments.list.query({}),
        trpc.users.me.query(),
      ]);
      const found = leads.items.find(({ phone }) => phone === visitor.e164);
      if (found === undefined) throw new Error("The lead of the form is not in the list");
      return {
        value: found,
        text: `${leads.items.length} leads, ${enrollments.items.length} enrolments, as ${me.memberships[0]?.role}`,
      };
    },
  );

  // Each event twice, in no particular order, from here on.
  Object.assign(asaas.chaos, { duplicate: 1, reorder: true, delayMs: 5 });
  const firstDueDate = isoDate(Date.now() + 3 * DAY_MS);
  const enrollment = await step(say, "3. the lead is won", async () => {
    const { enrollmentId } = await trpc.leads.convert.mutate({
      id: lead.id,
      offeringId: demo.offeringId,
      taxId: visitor.taxId,
      totalCents: TOTAL_CENTS,
      installmentCount: INSTALLMENTS,
      firstDueDate,
      billingType: "pix",
    });
    const made = await trpc.enrollments.getById.query({ id: enrollmentId });
    const plan = made.installments.map(({ dueDate, amountCents }) => `${dueDate} ${reais(amountCents)}`).join(", ");
    return { value: made, text: `student, enrolment and plan in one transaction: ${plan}` };
  });

  const charges = await step(say, "4. jobs create the charges at Asaas", async () => {
    const made = await until("every charge has its PIX code", async () => {
      const { items } = await trpc.financial.charges.list.query({ studentId: enrollment.studentId });
      return items.length === INSTALLMENTS && items.every(({ pixPayload }) => pixPayload !== null) ? items : undefined;
    });
    return { value: made, text: `${made.length} charges, PIX copy-and-paste ${made[0]?.pixPayload?.slice(0, 32)}…` };
  });

  const first = charges.find(({ dueDate }) => dueDate === firstDueDate);
  const others = charges.filter((charge) => charge !== first);
  if (first?.externalId == null) throw new Error("The first instalment has no charge");
  const { id: firstId, externalId } = first;
  await step(say, "5. the payer pays; Asaas sends CREATED, CONFIRMED and RECEIVED, twice each and out of order", async () => {
    asaas.pay({ paymentId: externalId, via: "pix", through: ["CONFIRMED", "RECEIVED"] });
    const paid = await until("the three events are applied", async () => {
      const charge = await trpc.financial.charges.getById.query({ id: firstId });
      return charge.status === "received" && charge.events.length === 3 ? charge : undefined;
    });
    const { items } = await trpc.financial.ledger.list.query({ chargeId: firstId });
    const receipts = items.filter(({ kind }) => kind === "receipt");
    const { paymentStatus } = await trpc.enrollments.getById.query({ id: enrollment.id });
    if (receipts.length !== 1 || paymentStatus !== "current")
      throw new Error(`${receipts.length} receipts, enrolment ${paymentStatus}`);
    const lines = receipts[0]?.lines.map(({ account, amountCents }) => `${account} ${reais(amountCents)}`).join(", ");
    return {
      value: undefined,
      text: `${paid.events.map(({ eventType, outcome }) => `${eventType.replace("PAYMENT_", "")} ${outcome}`).join(", ")}; one receipt (${lines}); enrolment ${paymentStatus}`,
    };
  });
  Object.assign(asaas.chaos, { duplicate: 0, reorder: false, delayMs: 0 });

  await step(say, "6. the schedule of the reminders fires, twice", async () => {
    const [next] = others.toSorted((a, b) => a.dueDate.localeCompare(b.dueDate));
    if (next === undefined) throw new Error("There is no second instalment");
    // Three days before the due date, after nine in São Paulo, when the quiet hours have ended.
    const at = new Date(Date.parse(`${next.dueDate}T12:30:00Z`) - 3 * DAY_MS).toISOString();
    await fireSchedule({ variables, schedule: "finance.remind-due-charges", at });
    await fireSchedule({ variables, schedule: "finance.remind-due-charges", at });
    const { reminders } = await until("the reminder is there", async () => {
      const charge = await trpc.financial.charges.getById.query({ id: next.id });
      return charge.reminders.length > 0 ? charge : undefined;
    });
    if (reminders.length !== 1) throw new Error(`${reminders.length} reminders`);
    return { value: undefined, text: `one reminder (step ${reminders[0]?.step}) of the instalment due on ${next.dueDate}` };
  });

  await step(say, "7. the owner has the ledger verified, and sees what will be sent next", async () => {
    const { isValid, entries, headHash } = await trpc.financial.ledger.verify.query();
    const { balances } = await trpc.financial.ledger.balances.query();
    const sum = balances.reduce((total, { balanceCents }) => total + balanceCents, 0);
    if (!isValid || sum !== 0) throw new Error(`The ledger is ${isValid ? "valid" : "not valid"}, its balances sum to ${sum}`);
    const { reminders } = await trpc.financial.dunning.simulate.query();
    return {
      value: undefined,
      text: `${entries} entries, chain and balances hold, head ${headHash.slice(0, 12)}…; ${reminders.length} reminders in the next 14 days`,
    };
  });
  await playCraftStory({ stack, demo, trpc, say });
}

/** A new person at each start, with a CPF whose check digits are right. */
function inventVisitor() {
  const digits = String(Date.now()).slice(-9);
  const taxId = withCheckDigits(digits);
  const phone = `(41) 9${digits.slice(0, 4)}-${digits.slice(4, 8)}`;
  return { name: "Joana Teixeira", email: `joana.${digits}@example.com`, phone, e164: `+55419${digits.slice(0, 8)}`, taxId };
}

function withCheckDigits(nine: string): string {
  let number = nine;
  for (const weight of [10, 11]) {
    const sum = Array.from(number).reduce((total, digit, index) => total + Number(digit) * (weight - index), 0);
    number += String(((sum * 10) % 11) % 10);
  }
  return number;
}

function isoDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

function reais(cents: number): string {
  return `R$ ${(cents / 100).toFixed(2)}`;
}
