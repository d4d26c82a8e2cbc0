import * as z from "zod";

/**
 * What Guilda reads of Clerk's webhooks: parsed leniently, all else is let through unseen.
 * Source: `WebhookEvent` of `@clerk/backend`. Instants are milliseconds.
 */
export const clerkEvent = z.object({ type: z.string(), timestamp: z.number().catch(0), data: z.unknown() });
export type ClerkEvent = z.output<typeof clerkEvent>;

export const clerkPerson = z.object({
  id: z.string().min(1),
  first_name: z.string().nullish(),
  last_name: z.string().nullish(),
  primary_email_address_id: z.string().nullish(),
  email_addresses: z.array(z.object({ id: z.string(), email_address: z.string() })).nullish(),
  external_accounts: z
    .array(
      z.object({
        provider: z.string().nullish(),
        provider_user_id: z.string().nullish(),
        verification: z.object({ status: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  updated_at: z.int(),
});
export type ClerkPerson = z.output<typeof clerkPerson>;

/** A deleted person, or a session: only who or which. */
export const clerkReference = z.object({ id: z.string().min(1) });

export const clerkMembership = z.object({
  organization: z.object({ id: z.string().min(1) }),
  public_user_data: z.object({ user_id: z.string().min(1) }),
  role: z.string(),
});
export type ClerkMembership = z.output<typeof clerkMembership>;

/** @throws when the bytes are no event. */
export function parseClerkEvent(raw: Uint8Array): ClerkEvent {
  return clerkEvent.parse(JSON.parse(new TextDecoder().decode(raw)));
}
