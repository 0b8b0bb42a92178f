import { z } from 'zod';

/** An error as it goes over HTTP: RFC 9457 problem details with a stable `code` for programs. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string().optional(),
  /** Where the input was wrong: one entry per field, `path` in JSON Pointer notation (RFC 6901). */
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof problemSchema>;
