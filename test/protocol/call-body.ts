/** The body of `POST /v1/calls`, read as its route reads it once it has come. */
import type { Result } from '../../src/base/result.ts'
import type { EnterCall } from '../../src/domain/commands.ts'
import { CALL_BODY } from '../../src/protocol/call-fields.ts'
import { parseJson } from '../../src/protocol/parse.ts'

export const parseCallBody = (body: string | Uint8Array): Result<EnterCall> =>
  parseJson(typeof body === 'string' ? Buffer.from(body) : body, CALL_BODY)
