/** The credentials of a run and the real checker of them, over a database that nobody may look into. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { CredentialChecker } from '../../src/access/authenticator.ts'
import type { Authenticator, TokenClaims } from '../../src/access/claims.ts'
import { OidcIssuers } from '../../src/access/oidc.ts'
import type { SigningKey } from '../../src/access/tables/key-table.ts'
import { TicketMint } from '../../src/access/tickets.ts'
import { KeyRing, signToken } from '../../src/access/tokens.ts'
import type { Database } from '../../src/store/postgres/database.ts'
import { type Credential, identityOf } from './tokens.ts'

/** Who may sign in: a crew for each unit, two desks, a supervisor, an admin and a feed. */
export function peopleOf(region: string, units: readonly string[]): TokenClaims[] {
  const rest = { regions: [region], unit: null, units: null, sid: null, authAtMs: 0 } as const
  return [
    ...units.map((unit): TokenClaims => ({ ...rest, sub: `crew-${unit}`, role: 'driver', unit })),
    { ...rest, sub: 'desk-1', role: 'dispatcher' },
    { ...rest, sub: 'desk-2', role: 'dispatcher' },
    { ...rest, sub: 'supervisor-1', role: 'supervisor' },
    { ...rest, sub: 'admin-1', role: 'admin' },
    { ...rest, sub: 'feed-1', role: 'feed' },
  ]
}

export interface Credentials {
  readonly authenticator: Authenticator
  /** From now on nothing that is shown is looked at, until `idle`: what the region does meanwhile would come first or not. */
  readonly hold: () => void
  /** Until all that was shown has been looked at: signatures are checked on other threads. */
  readonly idle: () => Promise<unknown>
  readonly people: readonly TokenClaims[]
  /** A ticket and a token of each person, and a device key that nobody has. */
  readonly all: readonly Credential[]
  readonly identities: ReadonlySet<string>
}

/** Input: `wallClock` of the tickets; tokens have the machine's own. */
export async function makeCredentials(people: readonly TokenClaims[], wallClock: () => number): Promise<Credentials> {
  const key = newKey()
  const tickets = new TicketMint([{ id: 1, secret: Buffer.alloc(32, 7) }], 365 * 86_400_000, wallClock)
  const checker = new CredentialChecker({
    keys: new KeyRing([key]),
    tickets,
    oidc: new OidcIssuers([], () => {}),
    database: noDatabase(),
    wallClock,
  })
  const all: Credential[] = []
  for (const claims of people) {
    const { role, unit } = claims
    const text = await signToken(key, { ...claims, authAtMs: Date.now(), ttlS: 86_400 })
    const ticket = tickets.issue({ ...claims, authAtMs: wallClock() })!
    all.push({ kind: 'ticket', text: ticket, role, unitId: unit }, { kind: 'jwt', text, role, unitId: unit })
  }
  all.push({ kind: 'device-key', text: `ghd_${'a'.repeat(12)}_${'b'.repeat(43)}`, role: 'feed', unitId: null })
  // One after the other, so that the same seed leads to the same ends.
  let last: Promise<unknown> = Promise.resolve()
  let open = () => {}
  const authenticator: Authenticator = {
    verify: credential => {
      const verified = last.then(() => checker.verify(credential))
      last = verified.catch(() => undefined)
      return verified
    },
    ticket: claims => checker.ticket(claims),
  }
  const hold = () => {
    open()
    const opened = new Promise<void>(resolve => {
      open = resolve
    })
    last = Promise.all([last, opened])
  }
  const idle = () => {
    open()
    return last
  }
  return { authenticator, hold, idle, people, all, identities: new Set(people.map(identityOf)) }
}

function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' })
  return { kid: 'fuzz', privateJwk: privateKey.export({ format: 'jwk' }), publicJwk }
}

/** As one that does not answer: whoever needs it gets an error. */
function noDatabase(): Database {
  const fail = () => {
    throw new Error('There is no database here.')
  }
  return new Proxy({}, { get: fail }) as Database
}
