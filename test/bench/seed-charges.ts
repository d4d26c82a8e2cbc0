import type pg from "pg";
import { v7 as uuidv7 } from "uuid";
import type { Demo } from "../local/demo.ts";

export interface SeededCharge {
  id: string;
  externalId: string;
  amountCents: number;
}

/** Charges as `finance.create-charge` leaves them, all of one enrolment. */
export async function seedCharges({
  database,
  demo: { mentoradoId, offeringId },
  amountsCents,
}: {
  database: pg.Pool;
  demo: Demo;
  amountsCents: readonly number[];
}): Promise<SeededCharge[]> {
  const [studentId, enrollmentId] = [uuidv7(), uuidv7()];
  const charges = amountsCents.map((amountCents) => ({ id: uuidv7(), externalId: `pay_${uuidv7()}`, amountCents }));
  await database.query("insert into students (mentorado_id, id, name) values ($1, $2, 'Ana Prado')", [mentoradoId, studentId]);
  await database.query(
    `insert into enrollments (mentorado_id, id, student_id, offering_id, total_cents, installment_count, billing_type)
     values ($1, $2, $3, $4, 10000, 1, 'pix')`,
    [mentoradoId, enrollmentId, studentId, offeringId],
  );
  await database.query(
    `with given as (
       select * from unnest($3::uuid[], $4::text[], $5::bigint[]) with ordinality as g(id, external_id, amount_cents, number)
     ), plan as (
       insert into installments (mentorado_id, id, enrollment_id, number, due_date, amount_cents)
       select $1::uuid, id, $2::uuid, number, '2027-01-31', amount_cents from given returning id
     )
     insert into charges (mentorado_id, id, installment_id, student_id, billing_type, amount_cents, due_date, status, status_rank, external_id)
     select $1::uuid, g.id, plan.id, $6::uuid, 'pix', g.amount_cents, '2027-01-31', 'pending', 10, g.external_id
       from given g join plan on plan.id = g.id`,
    [
      mentoradoId,
      enrollmentId,
      charges.map(({ id }) => id),
      charges.map(({ externalId }) => externalId),
      charges.map(({ amountCents }) => amountCents),
      studentId,
    ],
  );
  return charges;
}
