/** Resume tickets: what they carry, and everything that is not one. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TokenClaims } from '../../src/access/claims.ts'
import { TicketMint } from '../../src/access/tickets.ts'
import { LIMITS } from '../../src/protocol/limits.ts'

const NOW_MS = 1_700_000_000_000
const MAX_AGE_MS = 3_600_000
const [FIRST, SECOND, THIRD] = [1, 2, 3].map(id => ({ id, secret: Buffer.alloc(32, id) })) as [Secret, Secret, Secret]
const CREW: TokenClaims = {
  sub: 'person-1',
  role: 'driver',
  regions: ['akl'],
  unit: 'A-7',
  units: null,
  sid: 'sign-in-1',
  authAtMs: NOW_MS - 60_000,
}

interface Secret {
  readonly id: number
  readonly secret: Buffer
}

const mint = (secrets: readonly Secret[] = [FIRST], nowMs = NOW_MS): TicketMint =>
  new TicketMint(secrets, MAX_AGE_MS, () => nowMs)

function outcome(ticket: string, checker = mint()): string {
  const verified = checker.check(ticket)
  return verified.ok ? 'ok' : verified.refusal.code
}

/** A ticket with this payload under the right secret: what another version of this program may have made. */
function made(payload: unknown): string {
  const text = Buffer.from(JSON.stringify(payload)).toString('base64url')
  return `ght_${text}.${createHmac('sha256', FIRST.secret).update(text).digest('base64url')}`
}

const word = (max: number) =>
  fc.array(fc.constantFrom(...'abcxyz019'), { minLength: 1, maxLength: max }).map(letters => letters.join(''))
const claims: fc.Arbitrary<TokenClaims> = fc
  .record({
    sub: word(40),
    regions: fc.array(word(16), { minLength: 1, maxLength: 8 }),
    unit: word(32),
    units: fc.option(fc.array(word(32), { maxLength: 20 })),
    sid: fc.option(word(40)),
    authAtMs: fc.integer({ min: NOW_MS - MAX_AGE_MS + 1, max: NOW_MS }),
    role: fc.constantFrom('driver', 'dispatcher', 'supervisor', 'admin', 'feed'),
  })
  .map(({ unit, units, ...who }) => ({
    ...who,
    unit: who.role === 'driver' ? unit : null,
    units: who.role === 'feed' ? units : null,
  }))

test('a ticket says of a session all that its credential said', () => {
  fc.assert(
    fc.property(claims, session => {
      assert.deepEqual(mint().check(mint().issue(session)!), { ok: true, value: session })
    }),
  )
})

test('a ticket with any character changed is none', () => {
  const ticket = mint().issue(CREW)!
  // Not of the prefix, which only tells what it is, and not the last one, of which two bits say nothing.
  const changed = fc.tuple(fc.integer({ min: 4, max: ticket.length - 2 }), fc.constantFrom(...'ABCabc019-_.~'))
  fc.assert(
    fc.property(changed, ([at, letter]) => {
      fc.pre(ticket[at] !== letter)
      assert.equal(outcome(ticket.slice(0, at) + letter + ticket.slice(at + 1)), 'token-invalid')
    }),
  )
})

test('whatever is sent in place of a ticket is refused, and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), word(100)), text => {
      assert.equal(outcome(`ght_${text}`), 'token-invalid')
      assert.equal(outcome(`ght_${text}.${'A'.repeat(43)}`), 'token-invalid')
    }),
  )
})

test('a ticket under another secret is none, however well it is made', () => {
  assert.equal(outcome(mint([SECOND]).issue(CREW)!), 'token-invalid')
})

test('the secret before the newest is still taken, an older one is not', () => {
  const ticket = mint([FIRST]).issue(CREW)!
  const checker = mint([FIRST])
  checker.replace([SECOND, FIRST])
  assert.equal(outcome(ticket, checker), 'ok')
  assert.equal(outcome(checker.issue(CREW)!, mint([SECOND])), 'ok', 'the newest one makes them')
  checker.replace([THIRD, SECOND])
  assert.equal(outcome(ticket, checker), 'token-invalid')
})

test('a ticket ends with the age that its sign-in may reach, however late it was made', () => {
  const ticket = mint([FIRST], NOW_MS + MAX_AGE_MS).issue(CREW)!
  const endsAtMs = CREW.authAtMs + MAX_AGE_MS
  assert.equal(outcome(ticket, mint([FIRST], endsAtMs - 1)), 'ok')
  assert.equal(outcome(ticket, mint([FIRST], endsAtMs)), 'token-expired')
})

test('what would not fit into a hello is no ticket', () => {
  const feed = { ...CREW, role: 'feed', unit: null } as const
  const unitsOf = (count: number) => Array.from({ length: count }, (_, i) => `unit-${i}`)
  assert.equal(mint().issue({ ...feed, units: unitsOf(1_000) }), null)
  const fits = mint().issue({ ...feed, units: unitsOf(100) })!
  assert.ok(fits.length <= LIMITS.tokenChars)
  assert.equal(outcome(fits), 'ok')
})

test('a ticket that says what no credential may say is refused, though its hash is right', () => {
  const good: unknown[] = [1, 'person-1', 'driver', ['akl'], 'A-7', null, null, NOW_MS]
  const but = (at: number, value: unknown) => made(good.with(at, value))
  assert.equal(outcome(made(good)), 'ok')
  assert.equal(outcome(but(1, 'system')), 'token-invalid')
  assert.equal(outcome(but(2, 'root')), 'token-invalid')
  assert.equal(outcome(but(3, [])), 'token-invalid')
  assert.equal(outcome(but(4, null)), 'token-invalid', 'a driver without a unit')
  assert.equal(outcome(but(5, ['A-7'])), 'token-invalid', 'units of a driver')
  assert.equal(outcome(made(good.slice(1))), 'token-invalid')
  assert.equal(outcome(made({})), 'token-invalid')
})
