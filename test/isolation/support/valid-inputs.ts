import { after } from "./foreign-ids.ts";
import type { Practice } from "./seed-practice.ts";

/**
 * For every procedure an input that its owner (or staff, or a visitor of the form) is answered, with each id that the procedure can
 * take, optional ones too. A procedure that is missing here, or an id of it, fails the tests: what is new is tested as well.
 */
export const VALID_INPUTS: Record<string, (practice: Practice) => unknown> = {
  "enrollments.getById": ({ ids }) => ({ id: ids.enrollment }),
  "enrollments.list": ({ ids }) => ({ cursor: after(ids.enrollment), studentId: ids.student }),
  "financial.account.disable": () => undefined,
  "financial.account.save": () => ({ apiKey: "$aact_hmlg_of_this_practice_0001" }),
  "financial.account.status": () => undefined,
  "financial.account.test": () => undefined,
  "financial.charges.cancel": ({ ids }) => ({ id: ids.openCharge }),
  "financial.charges.create": ({ ids }) => ({
    studentId: ids.student,
    amountCents: 5_000,
    dueDate: "2099-12-01",
    billingType: "pix",
  }),
  "financial.charges.grantCashback": ({ ids }) => ({ id: ids.charge, amountCents: 500 }),
  "financial.charges.operations": ({ ids }) => ({ chargeId: ids.charge, cursor: after(ids.chargeJob) }),
  "financial.charges.pixQr": ({ ids }) => ({ id: ids.charge }),
  "financial.charges.receiveInCash": ({ ids }) => ({ id: ids.openCharge, paymentDate: "2026-11-20" }),
  "financial.charges.refresh": ({ ids }) => ({ id: ids.openCharge }),
  "financial.charges.refund": ({ ids }) => ({ id: ids.charge }),
  "financial.charges.undoReceiveInCash": ({ ids }) => ({ id: ids.cashCharge }),
  "financial.charges.writeOff": ({ ids }) => ({ id: ids.openCharge, reason: "uncollectible" }),
  "financial.conflicts.list": ({ ids }) => ({ cursor: after(ids.conflict) }),
  "financial.conflicts.resolve": ({ ids }) => ({
    id: ids.conflict,
    version: 1,
    resolution: "link",
    chargeId: ids.draftCharge,
  }),
  "financial.dunning.getPolicy": () => undefined,
  "financial.dunning.optOuts": ({ ids }) => ({ cursor: after(ids.student) }),
  "financial.dunning.reminders": ({ ids }) => ({ chargeId: ids.charge, cursor: after(ids.reminder) }),
  "financial.dunning.setOptOut": ({ ids }) => ({ studentId: ids.student, isOptedOut: false }),
  "financial.dunning.setPolicy": () => ({ version: 1, ...REMINDERS }),
  "financial.dunning.simulate": ({ ids }) => ({ days: 14, cursor: after(ids.draftCharge) }),
  "financial.enrollments.bill": ({ ids }) => ({ enrollmentId: ids.enrollment }),
  "financial.events.list": ({ ids }) => ({ cursor: after(ids.event) }),
  "financial.events.replay": ({ ids }) => ({ ids: [ids.event] }),
  "financial.ledger.balances": () => ({}),
  "financial.ledger.export": () => ({}),
  "financial.ledger.undo": ({ ids }) => ({ id: ids.cashbackEntry }),
  "financial.ledger.verify": () => undefined,
  "financial.dueCalendar": () => ({ month: "2026-12" }),
  "financial.metricRows": ({ ids }) => ({ metric: "due", month: "2026-12", cursor: after(ids.charge) }),
  "financial.metrics": () => ({ month: "2026-12" }),
  "financial.reconciliation.start": () => ({ kind: "full" }),
  "financial.reconciliation.status": () => undefined,
  "financial.subscriptions.cancel": ({ ids }) => ({ id: ids.subscription }),
  "financial.subscriptions.create": ({ ids }) => ({
    studentId: ids.student,
    amountCents: 5_000,
    nextDueDate: "2099-12-01",
    cycle: "monthly",
    billingType: "pix",
  }),
  "financial.subscriptions.list": ({ ids }) => ({ cursor: after(ids.subscription), studentId: ids.student }),
  "financial.charges.getById": ({ ids }) => ({ id: ids.charge }),
  "financial.charges.list": ({ ids }) => ({ cursor: after(ids.charge), studentId: ids.student }),
  "financial.ledger.list": ({ ids }) => ({ cursor: after(ids.ledgerEntry), chargeId: ids.charge }),
  "leads.convert": ({ ids }) => ({
    id: ids.openLead,
    offeringId: ids.offering,
    taxId: "529.982.247-25",
    totalCents: 30_000,
    installmentCount: 2,
    firstDueDate: "2026-12-10",
    billingType: "pix",
  }),
  "leads.create": () => NEW_LEAD,
  "leads.createPublic": () => ({ name: "Visitor", phone: "+55 11 96666-1234", consent: true }),
  "leads.getById": ({ ids }) => ({ id: ids.openLead }),
  "leads.list": ({ ids }) => ({ cursor: after(ids.openLead) }),
  "leads.update": ({ ids }) => ({ id: ids.openLead, version: 1, patch: { name: "Renamed" } }),
  "leads.updateStage": ({ ids }) => ({ id: ids.openLead, version: 1, stage: "lost", lostReason: "price" }),
  "leads.watch": ({ ids }) => ({ lastEventId: ids.firstLead }),
  "students.getById": ({ ids }) => ({ id: ids.student }),
  "students.list": ({ ids }) => ({ cursor: after(ids.student) }),
  "users.deactivate": ({ ids }) => ({ membershipId: ids.membership, version: 1, reason: "on leave" }),
  "users.directory": ({ mentoradoId }) => ({ reason: "support call", cursor: after(mentoradoId) }),
  "users.list": ({ ids }) => ({ cursor: after(ids.membership) }),
  "users.me": () => undefined,
  "users.reactivate": ({ ids }) => ({ membershipId: ids.membership, version: 1, reason: "back again" }),
  "users.setActive": ({ ids }) => ({ reason: "support call", userId: ids.user, isActive: false }),
  "users.updateProfile": () => ({ name: "A new name" }),
  "users.updateRole": ({ ids }) => ({ membershipId: ids.membership, version: 1, role: "sales" }),
};

/** Further inputs of procedures that read or write something else for them, which their owner is answered after the one above. */
export const FURTHER_INPUTS: Record<string, (practice: Practice) => unknown[]> = {
  "financial.charges.list": () => [{ status: "pending" }],
  "financial.conflicts.resolve": ({ ids }) => [{ id: ids.statusConflict, version: 1, resolution: "keep_remote" }],
  "financial.dunning.reminders": () => [{}],
  "financial.dunning.simulate": () => [{}],
  "financial.events.list": () => [{ status: "waiting", eventType: "PAYMENT_RECEIVED" }],
  "financial.events.replay": () => [THIS_CENTURY, { ...THIS_CENTURY, eventType: "PAYMENT_RECEIVED" }],
  "financial.ledger.balances": () => [{ at: "2099-01-01T00:00:00Z" }],
  "financial.ledger.list": () => [{}, { at: "2099-01-01T00:00:00Z" }],
  "financial.metricRows": () => [
    { metric: "receivedNet", month: "2026-12" },
    { metric: "projection", month: "2027-01" },
  ],
  "financial.reconciliation.start": () => [{ kind: "recent" }],
  // The same telephone number: the lead that is there is found.
  "leads.create": () => [NEW_LEAD],
};

const NEW_LEAD = { name: "New lead", phone: "+55 11 97777-1234", message: "Hello" };
const REMINDERS = { isEnabled: true, steps: [-1, 1], quietFrom: "21:00", quietUntil: "07:00", skipsWeekends: true };
const THIS_CENTURY = { receivedFrom: "2001-01-01T00:00:00Z", receivedUntil: "2099-01-01T00:00:00Z" };
