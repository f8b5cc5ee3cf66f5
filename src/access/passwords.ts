/**
 * Passwords: which will do, and how they are kept: scrypt, one at a time, its cost stored beside each hash.
 *
 * A hash takes 128 MB and about 0.4 s on another thread. One at a time is what the machine has to spare beside dispatch;
 * the rest waits in two bounded lanes: those whom the throttle knows go before strangers, so that a crowd of strangers
 * cannot keep a shift from signing in; and of the strangers of one network few wait at a time, so that it takes many
 * networks to keep others out. A full lane is answered `overloaded`.
 */

import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AddressCounts } from '../base/address-counts.ts'
import type { Refusal } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'

const PASSWORD_CHARS = { min: 12, max: 128 } as const
/** A shorter user name stands in too many passwords by chance. */
const NAME_CHARS_MIN = 3
/** Passwords that wait for their hash, in each lane. */
const WAITING_MAX = 64
/** Of one IPv4 /24 or IPv6 /48. */
const STRANGERS_OF_A_NETWORK_MAX = 4
const BLOCK_SIZE = 8
const HASH_BYTES = 32
const SALT_BYTES = 16
/** What a stored hash may ask for: beyond it a damaged row could take all memory. */
const LOG_N_MAX = 20

export interface PasswordCheck {
  readonly fits: boolean
  /** The hash was made at less than the configured cost. */
  readonly outdated: boolean
}

/** Whose turn it is: of someone known, or of a stranger from this network. */
type Lane = 'known' | { readonly network: string }

export class PasswordHasher {
  readonly #logN: number
  readonly #waiting = { known: [] as (() => Promise<void>)[], stranger: [] as (() => Promise<void>)[] }
  /** Of strangers that wait or are at work, by network. */
  readonly #strangers = new AddressCounts()
  readonly #monotonicMs: () => number
  /** Of the last hash. */
  #tookMs: number
  #busy = false

  /** Input: log2 of scrypt's cost for new hashes. */
  constructor(logN: number, monotonicMs: () => number = () => performance.now()) {
    this.#logN = logN
    this.#monotonicMs = monotonicMs
    // Until one was measured: 128 MB take about 0.4 s.
    this.#tookMs = 400 * 2 ** (logN - 17)
  }

  /** A new hash in PHC form. Refusal: `overloaded`. */
  async hash(password: string): Promise<Result<string>> {
    const salt = randomBytes(SALT_BYTES)
    const derived = await this.#inTurn('known', () => derive(password, salt, HASH_BYTES, this.#logN, BLOCK_SIZE, 1))
    if (!derived.ok) return derived
    return { ok: true, value: `$scrypt$ln=${this.#logN},r=${BLOCK_SIZE},p=1$${b64(salt)}$${b64(derived.value)}` }
  }

  /** The same text for the same password and subject, as dear to guess from as a hash. Refusal: `overloaded`. */
  async trace(password: string, subject: string): Promise<Result<string>> {
    const salt = createHash('sha256').update(subject).digest()
    const derived = await this.#inTurn('known', () => derive(password, salt, HASH_BYTES, this.#logN, BLOCK_SIZE, 1))
    return derived.ok ? { ok: true, value: b64(derived.value) } : derived
  }

  /**
   * Whether a password is that of a stored hash; null, for a user that does not exist, costs as much as the hash of
   * another user, `like`, and fits nothing. Refusal: `overloaded`. Errors: when what is stored is no hash of ours.
   */
  async check(
    password: string,
    stored: string | null,
    lane: Lane,
    like: string | null = null,
  ): Promise<Result<PasswordCheck>> {
    const { logN, r, p, salt, hash } = stored === null ? this.#nobody(like) : parse(stored)
    const derived = await this.#inTurn(lane, () => derive(password, salt, hash.length, logN, r, p))
    if (!derived.ok) return derived
    const fits = stored !== null && timingSafeEqual(derived.value, hash)
    return { ok: true, value: { fits, outdated: logN < this.#logN } }
  }

  #nobody(like: string | null): ParsedHash {
    const { logN, r, p } = like === null ? { logN: this.#logN, r: BLOCK_SIZE, p: 1 } : parse(like)
    return { logN, r, p, salt: randomBytes(SALT_BYTES), hash: Buffer.alloc(HASH_BYTES) }
  }

  #inTurn(lane: Lane, work: () => Promise<Buffer>): Promise<Result<Buffer>> {
    const waiting = this.#waiting[lane === 'known' ? 'known' : 'stranger']
    const network = lane === 'known' ? null : lane.network
    const ofNetwork = network === null ? 0 : this.#strangers.of(network)
    if (waiting.length >= WAITING_MAX || ofNetwork >= STRANGERS_OF_A_NETWORK_MAX) {
      const retryAfterMs = Math.ceil(waiting.length * this.#tookMs)
      const message = 'Too many people are signing in at once; try again after details.retryAfterMs.'
      return Promise.resolve({ ok: false, refusal: { code: 'overloaded', message, details: { retryAfterMs } } })
    }
    if (network !== null) this.#strangers.enter(network)
    return new Promise((resolve, reject) => {
      waiting.push(async () => {
        const fromMs = this.#monotonicMs()
        try {
          const value = await work()
          this.#tookMs = this.#monotonicMs() - fromMs
          resolve({ ok: true, value })
        } catch (error) {
          reject(error)
        } finally {
          if (network !== null) this.#strangers.leave(network)
        }
      })
      if (!this.#busy) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#busy = true
    for (;;) {
      const next = this.#waiting.known.shift() ?? this.#waiting.stranger.shift()
      if (next === undefined) break
      await next()
    }
    this.#busy = false
  }
}

/** Why this user cannot have the password, as `password-unfit` with `details.rule`; null when the user can. */
export function unfitPassword(password: string, userName: string): Refusal | null {
  const { min, max } = PASSWORD_CHARS
  const folded = password.toLowerCase()
  // Counted as people count, not in UTF-16 units.
  const chars = [...password].length
  if (chars < min)
    return unfit('too-short', `A password has at least ${min} characters; several words make a good one.`)
  if (chars > max) return unfit('too-long', `A password has at most ${max} characters; choose a shorter one.`)
  if (userName.length >= NAME_CHARS_MIN && folded.includes(userName.toLowerCase())) {
    return unfit('contains-user-name', 'The password contains the user name; choose another one.')
  }
  if (isCommon(folded))
    return unfit('common', 'The password is on the list that everybody tries first; choose another one.')
  return null
}

/** A password that no one will guess, for someone to write down once: 100 bits in groups that can be read aloud. */
export function madeUpPassword(): string {
  // Without what is mistaken for something else: i l o u.
  const letters = '0123456789abcdefghjkmnpqrstvwxyz'
  const text = [...randomBytes(20)].map(byte => letters[byte % 32]).join('')
  return text.match(/.{5}/g)!.join('-')
}

function unfit(rule: string, message: string): Refusal {
  return { code: 'password-unfit', message, details: { rule } }
}

const COMMON: ReadonlySet<string> = new Set(
  readFileSync(new URL('common-passwords.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#')),
)

/** Listed, or a listed one with digits and signs around it, or one short piece over and over. */
function isCommon(folded: string): boolean {
  const core = folded.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  return COMMON.has(folded) || COMMON.has(core) || [1, 2, 3, 4, 5, 6].some(length => isRepeated(folded, length))
}

const isRepeated = (text: string, length: number): boolean => text.slice(length) === text.slice(0, -length)

interface ParsedHash {
  readonly logN: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** A PHC string, as `hash` makes them. */
function parse(stored: string): ParsedHash {
  const [, logN, r, p, salt, hash] =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{8,86})\$([A-Za-z0-9+/]{22,86})$/.exec(stored) ?? []
  if (hash === undefined || Number(logN) > LOG_N_MAX) throw new Error('A stored password hash is not one of ours.')
  return {
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt!, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

/** Unicode has several spellings of one text, and keyboards differ in which they send. */
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFKC'), 'utf8')

function derive(password: string, salt: Buffer, length: number, logN: number, r: number, p: number): Promise<Buffer> {
  const N = 2 ** logN
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r }
  return new Promise((resolve, reject) => {
    scrypt(bytesOf(password), salt, length, options, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}

/** The PHC form has base64 without padding. */
const b64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
