import { randomBytes } from "node:crypto";
import type {
  DeletedObjectJSON,
  EmailAddressJSON,
  ExternalAccountJSON,
  OrganizationJSON,
  OrganizationMembershipJSON,
  SessionJSON,
  UserJSON,
  VerificationJSON,
} from "@clerk/backend";

/** What the directory keeps of a membership; the wire shape repeats the organisation and the user. */
export interface Membership {
  id: string;
  organizationId: string;
  userId: string;
  /** `org:admin`, `org:member` or a custom role. */
  role: OrganizationMembershipJSON["role"];
  createdAtMs: number;
  updatedAtMs: number;
}

const DAY_MS = 86_400_000;
const SESSION_LIFETIME_MS = 7 * DAY_MS;
const SESSION_ABANDONED_MS = 30 * DAY_MS;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** @returns an id in Clerk's form: prefix + 27 base-62 characters, as in `user_2g7np7Hrk0SN6kj5EDMLDaKNL0S`. */
export function newId(prefix: "user" | "org" | "orgmem" | "sess" | "client" | "idn" | "eac" | "msg" | "ins"): string {
  const random = Array.from(randomBytes(25), (byte) => BASE62.charAt(byte % BASE62.length)).join("");
  return `${prefix}_2${random}x`;
}

export function newUser({
  id,
  email,
  firstName,
  lastName,
  nowMs,
}: {
  id: string;
  email: string;
  firstName: string | null;
  lastName: string | null;
  nowMs: number;
}): UserJSON {
  const address = newEmailAddress(email);
  return {
    object: "user",
    id,
    username: null,
    first_name: firstName,
    last_name: lastName,
    image_url: `https://img.clerk.com/${id}`,
    has_image: false,
    primary_email_address_id: address.id,
    primary_phone_number_id: null,
    primary_web3_wallet_id: null,
    password_enabled: true,
    two_factor_enabled: false,
    totp_enabled: false,
    backup_code_enabled: false,
    email_addresses: [address],
    phone_numbers: [],
    web3_wallets: [],
    organization_memberships: null,
    external_accounts: [],
    enterprise_accounts: [],
    password_last_updated_at: nowMs,
    public_metadata: {},
    private_metadata: {},
    unsafe_metadata: {},
    external_id: null,
    last_sign_in_at: null,
    banned: false,
    locked: false,
    lockout_expires_in_seconds: null,
    verification_attempts_remaining: 100,
    created_at: nowMs,
    updated_at: nowMs,
    last_active_at: nowMs,
    create_organization_enabled: true,
    create_organizations_limit: null,
    delete_self_enabled: true,
    legal_accepted_at: null,
    locale: "pt-BR",
  };
}

export function newEmailAddress(email: string): EmailAddressJSON {
  const id = newId("idn");
  return {
    object: "email_address",
    id,
    email_address: email,
    verification: verified(),
    linked_to: [],
  };
}

/** An account at GitHub that the user has linked by signing in there; its verification stays open when they turned back half-way. */
export function newGithubAccount({
  providerUserId,
  username,
  email,
  status = "verified",
}: {
  /** GitHub's own id, a number in digits. */
  providerUserId: string;
  username: string;
  email: string;
  status?: "verified" | "unverified";
}): ExternalAccountJSON {
  const verification = { object: "verification_oauth", status, strategy: "oauth_github", attempts: null, expire_at: null };
  return {
    object: "external_account",
    id: newId("eac"),
    provider: "oauth_github",
    identification_id: newId("idn"),
    provider_user_id: providerUserId,
    approved_scopes: "read:user user:email",
    email_address: email,
    first_name: "",
    last_name: "",
    image_url: `https://img.clerk.com/${providerUserId}`,
    username,
    phone_number: null,
    public_metadata: {},
    label: null,
    verification: verification as unknown as VerificationJSON,
  };
}

/** The wire sends no id here and an object name that the package's list leaves out. */
function verified(): VerificationJSON {
  const verification = { object: "verification_admin", status: "verified", strategy: "admin", attempts: null, expire_at: null };
  return verification as unknown as VerificationJSON;
}

export function newSession({ userId, nowMs }: { userId: string; nowMs: number }): SessionJSON {
  return {
    object: "session",
    id: newId("sess"),
    client_id: newId("client"),
    user_id: userId,
    status: "active",
    actor: null,
    last_active_at: nowMs,
    expire_at: nowMs + SESSION_LIFETIME_MS,
    abandon_at: nowMs + SESSION_ABANDONED_MS,
    created_at: nowMs,
    updated_at: nowMs,
  };
}

export function newOrganization({
  id,
  name,
  slug,
  createdBy,
  nowMs,
}: {
  id: string;
  name: string;
  slug: string;
  createdBy: string | undefined;
  nowMs: number;
}): OrganizationJSON {
  return {
    object: "organization",
    id,
    name,
    slug,
    image_url: `https://img.clerk.com/${id}`,
    has_image: false,
    max_allowed_memberships: 5,
    admin_delete_enabled: true,
    public_metadata: {},
    private_metadata: {},
    created_by: createdBy ?? "",
    created_at: nowMs,
    updated_at: nowMs,
  };
}

export function membershipJson({
  membership,
  organization,
  user,
}: {
  membership: Membership;
  organization: OrganizationJSON;
  user: UserJSON;
}): OrganizationMembershipJSON {
  return {
    object: "organization_membership",
    id: membership.id,
    role: membership.role,
    permissions: [],
    public_metadata: {},
    private_metadata: {},
    organization,
    public_user_data: {
      user_id: user.id,
      identifier: primaryEmail(user),
      first_name: user.first_name,
      last_name: user.last_name,
      image_url: user.image_url,
      has_image: user.has_image,
    },
    created_at: membership.createdAtMs,
    updated_at: membership.updatedAtMs,
  };
}

export function deletedJson({ object, id }: { object: "user" | "organization"; id: string }): DeletedObjectJSON {
  return { object, id, deleted: true };
}

export function primaryEmail(user: UserJSON): string {
  return user.email_addresses.find(({ id }) => id === user.primary_email_address_id)?.email_address ?? "";
}
