import { students } from "../../shared/db/schema/practice.ts";

/** A student as the API shows it; the tax id stays in the database. */
export const studentView = {
  id: students.id,
  leadId: students.leadId,
  name: students.name,
  email: students.email,
  phone: students.phone,
  status: students.status,
  version: students.version,
  createdAt: students.createdAt,
};
