import * as z from "zod";

export const byId = z.object({ id: z.uuid() });
