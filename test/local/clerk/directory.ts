import type { OrganizationJSON, OrganizationMembershipJSON, SessionJSON, UserJSON, WebhookEvent } from "@clerk/backend";
import {
  deletedJson,
  type Membership,
  membershipJson,
  newEmailAddress,
  newGithubAccount,
  newId,
  newOrganization,
  newSession,
  newUser,
  primaryEmail,
} from "./resources.ts";

/** Users, organisations, memberships and sessions of one Clerk instance, in the shapes of the wire. */
export interface DirectoryState {
  users: UserJSON[];
  organizations: OrganizationJSON[];
  memberships: Membership[];
  sessions: SessionJSON[];
}

export interface UserChange {
  email?: string;
  firstName?: string | null;
  lastName?: string | null;
  banned?: boolean;
  /** The account at GitHub that is linked; null unlinks it. */
  github?: { id: string; username: string; isVerified?: boolean } | null;
}

export interface Directory {
  createUser(input: { email: string; firstName?: string; lastName?: string; id?: string }): UserJSON;
  updateUser(id: string, change: UserChange): UserJSON;
  /** Also removes the user's memberships and sessions; only the memberships and the user are announced. */
  deleteUser(id: string): void;
  createOrganization(input: { name: string; slug?: string; id?: string; createdBy?: string }): OrganizationJSON;
  updateOrganization(id: string, change: { name: string }): OrganizationJSON;
  deleteOrganization(id: string): void;
  createMembership(input: { organizationId: string; userId: string; role?: string }): OrganizationMembershipJSON;
  updateMembership(input: { organizationId: string; userId: string; role: string }): OrganizationMembershipJSON;
  deleteMembership(input: { organizationId: string; userId: string }): void;
  /** @param organizationId the active organisation, which the session's tokens name in their `o` claim. */
  createSession(input: { userId: string; organizationId?: string }): SessionJSON;
  /** Someone else ended it: an administrator, or the user from another device. */
  revokeSession(id: string): SessionJSON;
  /** The user signed out. */
  endSession(id: string): SessionJSON;
  /** The user left the account on a device that holds several. */
  removeSession(id: string): SessionJSON;
  findUser(id: string): UserJSON | undefined;
  findSession(id: string): SessionJSON | undefined;
  activeSessionOf(userId: string): SessionJSON;
  membershipsOf(filter: { organizationId?: string; userId?: string }): OrganizationMembershipJSON[];
}

export type Announce = (type: WebhookEvent["type"], data: object) => void;

/**
 * @param announce told of each change, after it was made.
 * @throws Error when an id is unknown: a mistake of the caller, not an answer of the API.
 */
export function openDirectory({
  state,
  now,
  announce,
}: {
  state: DirectoryState;
  now: () => Date;
  announce: Announce;
}): Directory {
  const nowMs = () => now().getTime();
  const json = (membership: Membership) =>
    membershipJson({
      membership,
      organization: known(state.organizations, membership.organizationId),
      user: known(state.users, membership.userId),
    });

  function findMembership({ organizationId, userId }: { organizationId: string; userId: string }): Membership {
    const found = state.memberships.find((each) => each.organizationId === organizationId && each.userId === userId);
    if (found === undefined) throw new Error(`${userId} is no member of ${organizationId}`);
    return found;
  }

  function dropMembership(membership: Membership): void {
    const data = json(membership);
    remove(state.memberships, membership);
    announce("organizationMembership.deleted", data);
  }

  function createSession({ userId, organizationId }: { userId: string; organizationId?: string }): SessionJSON {
    const user = known(state.users, userId);
    const session = newSession({ userId, nowMs: nowMs() });
    if (organizationId !== undefined) session.last_active_organization_id = organizationId;
    state.sessions.push(session);
    user.last_sign_in_at = nowMs();
    announce("session.created", { ...session, user });
    return session;
  }

  function closeSession(id: string, status: "revoked" | "ended" | "removed"): SessionJSON {
    const session = known(state.sessions, id);
    if (session.status !== "active") return session;
    Object.assign(session, { status, updated_at: nowMs() });
    announce(`session.${status}`, { ...session, user: known(state.users, session.user_id) });
    return session;
  }

  return {
    createUser({ email, firstName = null, lastName = null, id = newId("user") }) {
      const user = newUser({ id, email, firstName, lastName, nowMs: nowMs() });
      state.users.push(user);
      announce("user.created", user);
      return user;
    },
    updateUser(id, { email, firstName, lastName, banned, github }) {
      const user = known(state.users, id);
      if (email !== undefined) {
        const address = newEmailAddress(email);
        Object.assign(user, { email_addresses: [address], primary_email_address_id: address.id });
      }
      if (firstName !== undefined) user.first_name = firstName;
      if (lastName !== undefined) user.last_name = lastName;
      if (banned !== undefined) user.banned = banned;
      if (github !== undefined) user.external_accounts = github === null ? [] : [linkedAccount(user, github)];
      user.updated_at = nowMs();
      announce("user.updated", user);
      return user;
    },
    deleteUser(id) {
      const user = known(state.users, id);
      for (const membership of state.memberships.filter(({ userId }) => userId === id)) dropMembership(membership);
      for (const session of state.sessions.filter(({ user_id }) => user_id === id)) remove(state.sessions, session);
      remove(state.users, user);
      announce("user.deleted", deletedJson({ object: "user", id }));
    },
    createOrganization({ name, slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-"), id = newId("org"), createdBy }) {
      const organization = newOrganization({ id, name, slug, createdBy, nowMs: nowMs() });
      state.organizations.push(organization);
      announce("organization.created", organization);
      return organization;
    },
    updateOrganization(id, { name }) {
      const organization = Object.assign(known(state.organizations, id), { name, updated_at: nowMs() });
      announce("organization.updated", organization);
      return organization;
    },
    deleteOrganization(id) {
      const organization = known(state.organizations, id);
      for (const membership of state.memberships.filter((each) => each.organizationId === id)) dropMembership(membership);
      remove(state.organizations, organization);
      announce("organization.deleted", { ...deletedJson({ object: "organization", id }), slug: organization.slug });
    },
    createMembership({ organizationId, userId, role = "org:member" }) {
      const times = { createdAtMs: nowMs(), updatedAtMs: nowMs() };
      const membership: Membership = { id: newId("orgmem"), organizationId, userId, role, ...times };
      const data = json(membership);
      state.memberships.push(membership);
      announce("organizationMembership.created", data);
      return data;
    },
    updateMembership({ organizationId, userId, role }) {
      const membership = Object.assign(findMembership({ organizationId, userId }), { role, updatedAtMs: nowMs() });
      announce("organizationMembership.updated", json(membership));
      return json(membership);
    },
    deleteMembership: (input) => dropMembership(findMembership(input)),
    createSession,
    revokeSession: (id) => closeSession(id, "revoked"),
    endSession: (id) => closeSession(id, "ended"),
    removeSession: (id) => closeSession(id, "removed"),
    findUser: (id) => state.users.find((user) => user.id === id),
    findSession: (id) => state.sessions.find((session) => session.id === id),
    activeSessionOf: (userId) =>
      state.sessions.findLast(({ user_id, status }) => user_id === userId && status === "active") ?? createSession({ userId }),
    membershipsOf: ({ organizationId, userId }) =>
      state.memberships
        .filter((each) => organizationId === undefined || each.organizationId === organizationId)
        .filter((each) => userId === undefined || each.userId === userId)
        .map(json),
  };
}

function linkedAccount(user: UserJSON, { id, username, isVerified = true }: NonNullable<UserChange["github"]>) {
  const status = isVerified ? "verified" : "unverified";
  return newGithubAccount({ providerUserId: id, username, email: primaryEmail(user), status });
}

/** @returns whether one of the user's addresses is this one; Clerk compares without regard to case. */
export function hasEmail(user: UserJSON, email: string): boolean {
  return user.email_addresses.some(({ email_address }) => email_address.toLowerCase() === email.toLowerCase());
}

function known<Resource extends { id: string }>(resources: Resource[], id: string): Resource {
  const found = resources.find((resource) => resource.id === id);
  if (found === undefined) throw new Error(`no such resource: ${id}`);
  return found;
}

function remove<Resource>(resources: Resource[], resource: Resource): void {
  resources.splice(resources.indexOf(resource), 1);
}
