export type { Fact } from "../../../shared/craft/fact.ts";
