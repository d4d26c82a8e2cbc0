import * as z from "zod";

const login = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/);
const repositoryName = z.string().regex(/^(?!\.{1,2}$)[\w.-]{1,100}$/);
const branch = z.string().regex(/^(?![-/.])[\w./-]+$/);
/** Who did it; whoever owns the account when left out. */
const sender = z.strictObject({ id: z.int().positive(), login }).optional();
/** `owner/name`. */
const repository = z.string();
const pull = { repository, number: z.int().positive(), sender };
const installation = z.strictObject({ installationId: z.int(), sender });

/** What happens at GitHub without a call of ours. Each is an act of `Control`, and the body of `POST /local/<act>`. */
export const CONTROL_INPUTS = {
  addRepository: z.strictObject({
    /** A git repository, bare or not, or a plain folder, which becomes one commit. */
    folder: z.string(),
    owner: login,
    name: repositoryName,
    /** Of an owner that is new. */
    ownerType: z.enum(["User", "Organization"]).optional(),
    isPrivate: z.boolean().optional(),
    description: z.string().optional(),
    /** Where the default branch stands, so that later commits can be pushed; the newest commit when left out. */
    at: z.string().optional(),
  }),
  renameRepository: z.strictObject({ repository, name: repositoryName }),
  setVisibility: z.strictObject({ repository, isPrivate: z.boolean() }),
  install: z.strictObject({
    account: login,
    repositories: z.union([z.literal("all"), z.array(repository)]),
    /** Instead of all that the App asks for. */
    permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
    sender,
  }),
  chooseRepositories: z.strictObject({
    installationId: z.int(),
    add: z.array(repository).optional(),
    remove: z.array(repository).optional(),
    sender,
  }),
  suspend: installation,
  unsuspend: installation,
  uninstall: installation,
  push: z.strictObject({
    repository,
    /** The default branch when left out; a new one begins at the default branch. */
    branch: branch.optional(),
    /** Moves the branch to this commit, of the repository or of the folder that it was imported from. */
    sha: z.string().optional(),
    /** Commits these on top: path → content, null to remove. */
    files: z.record(z.string(), z.string().nullable()).optional(),
    message: z.string().optional(),
    sender,
  }),
  deleteBranch: z.strictObject({ repository, branch, sender }),
  openPull: z.strictObject({
    repository,
    head: branch,
    /** The default branch when left out. */
    base: branch.optional(),
    title: z.string().optional(),
    body: z.string().optional(),
    isDraft: z.boolean().optional(),
    sender,
  }),
  closePull: z.strictObject(pull),
  reopenPull: z.strictObject(pull),
  mergePull: z.strictObject(pull),
  comment: z.strictObject({ ...pull, body: z.string() }),
  rerequestCheck: z.strictObject({ checkRunId: z.int(), sender }),
  requestAction: z.strictObject({ checkRunId: z.int(), identifier: z.string(), sender }),
  ping: z.strictObject({}),
  redeliver: z.strictObject({ deliveryId: z.int() }),
  /** See `GITHUB_LIMITS` for the names. */
  setLimits: z.record(z.string(), z.number().nullable()),
} satisfies Record<string, z.ZodType>;

export type Act = keyof typeof CONTROL_INPUTS;
export type ControlInput<Name extends Act> = z.infer<(typeof CONTROL_INPUTS)[Name]>;
