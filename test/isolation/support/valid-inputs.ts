import type { Practice } from "./seed-practice.ts";

/**
 * For every procedure an input that its owner (or staff, or a visitor of the form) is answered, with each id that the procedure can
 * take, optional ones too. A procedure that is missing here, or an id of it, fails the tests: what is new is tested as well.
 */
export const VALID_INPUTS: Record<string, (practice: Practice) => unknown> = {
  "enrollments.getById": ({ ids }) => ({ id: ids.enrollment }),
  "enrollments.list": ({ ids }) => ({ cursor: after(ids.enrollment), studentId: ids.student }),
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
  "leads.create": () => ({ name: "New lead", phone: "+55 11 97777-1234", message: "Hello" }),
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

/** Lists show what is before their cursor: this one is right behind `id`. */
function after(id: string): string {
  return `${id.slice(0, -12)}ffffffffffff`;
}
