/**
 * Sign-ins and the refresh tokens that carry them on: each token is good once, and one that comes again was copied.
 *
 * A token is 256 random bits, of which only the SHA-256 is kept. Its successor is kept too, sealed with the token
 * itself, so that a client which lost the answer gets the very same successor once more, for as long as nobody used
 * that: a repetition never makes two lines of tokens out of one.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { nanoid } from 'nanoid'
import type { Principal, RegionId, UnitId } from '../../domain/ids.ts'
import type { Database } from '../../store/postgres/database.ts'

/** One sign-in, over all its refreshes; what its tokens share and what ends together. */
export interface SignInRecord {
  readonly sid: string
  readonly user: Principal
  /** The one region that was chosen; null: all of the user's. */
  readonly region: RegionId | null
  readonly unit: UnitId | null
  readonly signedInAtMs: number
  /** When it ends if it is not refreshed before. */
  readonly endsAtMs: number
}

export interface SignInAges {
  /** How long a refresh token may lie unused. */
  readonly idleMs: number
  /** How old a sign-in may get, over all refreshes. */
  readonly maxAgeMs: number
}

export type Rotation =
  | { readonly kind: 'rotated' | 'repeated'; readonly token: string; readonly signIn: SignInRecord }
  /** The token was spent and is no mere repetition: somebody has a copy. */
  | { readonly kind: 'reused'; readonly signIn: SignInRecord }
  | { readonly kind: 'unknown' }

/** How long after it was spent a token is answered once more. */
const REPEAT_MS = 10_000
/** Every spent token is remembered, so there must be an end to them; at one in ten minutes this is two months. */
const GENERATIONS_MAX = 10_000
/** Sign-ins of one user at a time; a further one ends the oldest. */
const SIGN_INS_PER_USER = 100
/** Ended sign-ins that one new one clears away; more than one, so that a backlog shrinks. */
const CLEARED_AT_ONCE = 20
const TOKEN = /^ghr_([A-Za-z0-9_-]{43})$/

export class RefreshTokens {
  readonly #database: Database

  /** Input: the transaction that everything is to happen in. */
  constructor(transaction: Database) {
    this.#database = transaction
  }

  /** Begins a sign-in with its first token; `crowdedOut` are the sign-ins of the user that ended to make room. */
  async begin(
    chosen: Pick<SignInRecord, 'user' | 'region' | 'unit'>,
    ages: SignInAges,
    nowMs: number,
  ): Promise<{ readonly token: string; readonly signIn: SignInRecord; readonly crowdedOut: readonly string[] }> {
    await this.#clearEnded(nowMs)
    const crowdedOut = await this.#makeRoom(chosen.user)
    const signIn = { ...chosen, sid: nanoid(), signedInAtMs: nowMs, endsAtMs: endsAtMs(ages, nowMs, nowMs) }
    await this.#database
      .insertInto('auth.sign_ins')
      .values({
        sid: signIn.sid,
        user_name: signIn.user,
        region: signIn.region,
        unit: signIn.unit,
        signed_in_at_ms: nowMs,
        generation: 1,
        ends_at_ms: signIn.endsAtMs,
      })
      .execute()
    const bytes = randomBytes(32)
    await this.#insertToken(bytes, signIn.sid, 1)
    return { token: tokenOf(bytes), signIn, crowdedOut }
  }

  /**
   * Spends a token. `rotated`: its successor. `repeated`: the same successor again, which nobody has used, within 10 s.
   * `reused`: the caller is to end the sign-in. `unknown`: never made, ended, or past its time.
   */
  async rotate(token: string, ages: SignInAges, nowMs: number): Promise<Rotation> {
    const bytes = bytesOf(token)
    const sid = bytes === null ? undefined : (await this.#tokenRow(bytes))?.sid
    if (bytes === null || sid === undefined) return { kind: 'unknown' }
    // Only now does the token's own row hold still: whoever rotates it holds its sign-in.
    const held = await this.#hold(sid)
    const row = await this.#tokenRow(bytes)
    if (held === undefined || row === undefined || nowMs >= held.signIn.endsAtMs) return { kind: 'unknown' }
    const { signIn, generation } = held
    if (row.spent_at_ms === null) {
      if (generation >= GENERATIONS_MAX) return { kind: 'unknown' }
      return { kind: 'rotated', ...(await this.#succeed(bytes, signIn, generation, ages, nowMs)) }
    }
    const successor = row.sealed_successor
    if (successor === null || nowMs - row.spent_at_ms > REPEAT_MS) return { kind: 'reused', signIn }
    return { kind: 'repeated', token: tokenOf(sealed(successor, bytes)), signIn }
  }

  /** The sign-ins of a user that have not ended, the newest first. */
  async list(user: Principal, nowMs: number): Promise<SignInRecord[]> {
    const rows = await this.#database
      .selectFrom('auth.sign_ins')
      .selectAll()
      .where('user_name', '=', user)
      .where('ends_at_ms', '>', nowMs)
      // A ticket of a guest is one that nobody has begun.
      .where('generation', '>', 0)
      .orderBy('signed_in_at_ms', 'desc')
      .orderBy('sid')
      .execute()
    return rows.map(recordOf)
  }

  /** The sign-in that ended; undefined when there was none. */
  async end(sid: string): Promise<{ readonly user: Principal } | undefined> {
    return this.#database
      .deleteFrom('auth.sign_ins')
      .where('sid', '=', sid)
      .returning('user_name as user')
      .executeTakeFirst()
  }

  /** Ends all sign-ins of a user but one; answers which. */
  async endAll(user: Principal, except: string | null = null): Promise<string[]> {
    let query = this.#database.deleteFrom('auth.sign_ins').where('user_name', '=', user).returning('sid')
    if (except !== null) query = query.where('sid', '<>', except)
    return (await query.execute()).map(({ sid }) => sid)
  }

  async #succeed(spent: Buffer, signIn: SignInRecord, generation: number, ages: SignInAges, nowMs: number) {
    const bytes = randomBytes(32)
    const endsAt = endsAtMs(ages, signIn.signedInAtMs, nowMs)
    await this.#database
      .updateTable('auth.refresh_tokens')
      .set({ spent_at_ms: nowMs, sealed_successor: sealed(bytes, spent) })
      .where('token_hash', '=', hashOf(spent))
      .execute()
    // The token before this one has a successor that was used now, so it is good for nothing any more.
    await this.#database
      .updateTable('auth.refresh_tokens')
      .set({ sealed_successor: null })
      .where('sid', '=', signIn.sid)
      .where('generation', '=', generation - 1)
      .execute()
    await this.#insertToken(bytes, signIn.sid, generation + 1)
    await this.#database
      .updateTable('auth.sign_ins')
      .set({ generation: generation + 1, ends_at_ms: endsAt })
      .where('sid', '=', signIn.sid)
      .execute()
    return { token: tokenOf(bytes), signIn: { ...signIn, endsAtMs: endsAt } }
  }

  async #hold(sid: string): Promise<{ readonly signIn: SignInRecord; readonly generation: number } | undefined> {
    const row = await this.#database
      .selectFrom('auth.sign_ins')
      .selectAll()
      .where('sid', '=', sid)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined) return undefined
    return { signIn: recordOf(row), generation: row.generation }
  }

  #tokenRow(bytes: Buffer) {
    return this.#database
      .selectFrom('auth.refresh_tokens')
      .select(['sid', 'spent_at_ms', 'sealed_successor'])
      .where('token_hash', '=', hashOf(bytes))
      .executeTakeFirst()
  }

  async #insertToken(bytes: Buffer, sid: string, generation: number): Promise<void> {
    await this.#database
      .insertInto('auth.refresh_tokens')
      .values({ token_hash: hashOf(bytes), sid, generation })
      .execute()
  }

  async #makeRoom(user: Principal): Promise<string[]> {
    const { rows } = await sql<{ sid: string }>`
      DELETE FROM auth.sign_ins WHERE sid IN (
        SELECT sid FROM auth.sign_ins WHERE user_name = ${user}
        ORDER BY signed_in_at_ms DESC, sid OFFSET ${SIGN_INS_PER_USER - 1} FOR UPDATE)
      RETURNING sid`.execute(this.#database)
    return rows.map(({ sid }) => sid)
  }

  async #clearEnded(nowMs: number): Promise<void> {
    // Locked rows are skipped: two sign-ins that clear away the same rows must not wait for each other.
    await sql`
      DELETE FROM auth.sign_ins WHERE sid IN (
        SELECT sid FROM auth.sign_ins WHERE ends_at_ms <= ${nowMs}
        ORDER BY ends_at_ms LIMIT ${CLEARED_AT_ONCE} FOR UPDATE SKIP LOCKED)`.execute(this.#database)
  }
}

interface SignInRow {
  readonly sid: string
  readonly user_name: Principal
  readonly region: RegionId | null
  readonly unit: UnitId | null
  readonly signed_in_at_ms: number
  readonly ends_at_ms: number
}

function recordOf(row: SignInRow): SignInRecord {
  const { sid, user_name: user, region, unit, signed_in_at_ms: signedInAtMs, ends_at_ms: endsAtMs } = row
  return { sid, user, region, unit, signedInAtMs, endsAtMs }
}

const endsAtMs = ({ idleMs, maxAgeMs }: SignInAges, signedInAtMs: number, nowMs: number): number =>
  Math.min(nowMs + idleMs, signedInAtMs + maxAgeMs)

const tokenOf = (bytes: Buffer): string => `ghr_${bytes.toString('base64url')}`

function bytesOf(token: string): Buffer | null {
  const [, text] = TOKEN.exec(token) ?? []
  return text === undefined ? null : Buffer.from(text, 'base64url')
}

const hashOf = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()

/** Seals and unseals: each key is random, as long as what it covers, and used for one successor only. */
function sealed(successor: Buffer, token: Buffer): Buffer {
  const pad = createHmac('sha256', token).update('goldenhour: successor of a refresh token').digest()
  return Buffer.from(successor.map((byte, index) => byte ^ pad[index]!))
}
