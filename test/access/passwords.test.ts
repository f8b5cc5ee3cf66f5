import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { madeUpPassword, PasswordHasher, unfitPassword } from '../../src/access/passwords.ts'

/** Each of another network. */
const ofNetwork = (n: number) => ({ network: `10.0.${n}.0/24` })
/** Cheap, so that the tests are quick; the rules do not depend on it. */
const LOG_N = 4
const GOOD = 'seven brown cattle graze'
const STRANGER = { network: '192.0.2.0/24' }

async function hashed(password: string, logN = LOG_N): Promise<string> {
  const hash = await new PasswordHasher(logN).hash(password)
  assert.ok(hash.ok)
  return hash.value
}

async function fits(password: string, stored: string | null): Promise<boolean> {
  const check = await new PasswordHasher(LOG_N).check(password, stored, STRANGER)
  assert.ok(check.ok)
  return check.value.fits
}

test('a password fits its own hash and no other', async () => {
  const stored = await hashed(GOOD)
  assert.match(stored, /^\$scrypt\$ln=4,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.equal(await fits(GOOD, stored), true)
  assert.equal(await fits(`${GOOD} `, stored), false)
  assert.equal(await fits('', stored), false)
})

test('the same password has another hash each time', async () => {
  assert.notEqual(await hashed(GOOD), await hashed(GOOD))
})

test('a password is one text, however the keyboard spells its letters', async () => {
  assert.equal(await fits('une e\u0301toile filante', await hashed('une \u00e9toile filante')), true)
})

test('the hash of RFC 7914 is recognised with its own cost, size and salt', async () => {
  const salt = Buffer.from('SodiumChloride').toString('base64').replaceAll('=', '')
  const key = '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2'
  const hash = Buffer.from(key, 'hex').toString('base64').replaceAll('=', '')
  assert.equal(await fits('pleaseletmein', `$scrypt$ln=14,r=8,p=1$${salt}$${hash}`), true)
  assert.equal(await fits('pleaseletmeIn', `$scrypt$ln=14,r=8,p=1$${salt}$${hash}`), false)
})

test('a hash made at a lower cost is told as outdated, and one at a higher cost is not', async () => {
  const outdated = async (madeAt: number, configured: number) => {
    const check = await new PasswordHasher(configured).check(GOOD, await hashed(GOOD, madeAt), 'known')
    return check.ok && check.value.fits && check.value.outdated
  }
  assert.equal(await outdated(4, 5), true)
  assert.equal(await outdated(5, 5), false)
  assert.equal(await outdated(6, 5), false)
})

test('a stored hash that is damaged, or asks for all memory, is an error and no refusal', async () => {
  const stored = await hashed(GOOD)
  for (const damaged of [
    '',
    'plain',
    stored.slice(1),
    stored.replace('ln=4', 'ln=40'),
    stored.replace('ln=4', 'ln=25'),
  ]) {
    await assert.rejects(fits(GOOD, damaged), /not one of ours/)
  }
})

test('a user that does not exist costs the very same hash, and nothing fits', async t => {
  const stored = await hashed(GOOD)
  const spy = t.mock.method(crypto, 'scrypt')
  syncBuiltinESMExports()
  t.after(() => {
    spy.mock.restore()
    syncBuiltinESMExports()
  })
  assert.equal(await fits('a wrong password', stored), false)
  assert.equal(await fits('a wrong password', null), false)
  const costs = spy.mock.calls.map(({ arguments: [, salt, length, options] }) => [
    Buffer.from(salt as Buffer).length,
    length,
    options,
  ])
  assert.equal(costs.length, 2)
  assert.deepEqual(costs[1], costs[0])
})

test('hashes are made one at a time, those of known networks before those of strangers', async () => {
  const hasher = new PasswordHasher(10)
  const stored = await hashed(GOOD)
  const order: string[] = []
  const check = async (name: string, lane: 'known' | 'stranger') => {
    await hasher.check(GOOD, stored, lane === 'known' ? lane : STRANGER)
    order.push(name)
  }
  await Promise.all([check('first', 'stranger'), check('stranger', 'stranger'), check('known', 'known')])
  assert.deepEqual(order, ['first', 'known', 'stranger'])
})

test('a full lane refuses with overloaded and a time, and the other lane goes on', async () => {
  const hasher = new PasswordHasher(LOG_N)
  const stored = await hashed(GOOD)
  const all = Array.from({ length: 80 }, (_, n) => hasher.check(GOOD, stored, ofNetwork(n)))
  const known = hasher.check(GOOD, stored, 'known')
  const refused = (await Promise.all(all)).filter(check => !check.ok)
  // One is at work and 64 wait.
  assert.equal(refused.length, 80 - 65)
  for (const check of refused) {
    assert.ok(!check.ok && check.refusal.code === 'overloaded')
    assert.ok((check.refusal.details!.retryAfterMs as number) > 0)
  }
  assert.ok((await known).ok)
  assert.ok((await hasher.check(GOOD, stored, STRANGER)).ok, 'the lane is free again')
})

test('of the strangers of one network four wait at a time, so that others find room', async () => {
  const hasher = new PasswordHasher(LOG_N)
  const stored = await hashed(GOOD)
  const crowd = Array.from({ length: 90 }, () => hasher.check(GOOD, stored, STRANGER))
  const other = hasher.check(GOOD, stored, { network: '198.51.100.0/24' })
  assert.equal((await Promise.all(crowd)).filter(({ ok }) => ok).length, 4)
  assert.ok((await other).ok)
})

test('where hashes have several costs, a name that nobody has costs one of them', async t => {
  const spy = t.mock.method(crypto, 'scrypt')
  syncBuiltinESMExports()
  t.after(() => {
    spy.mock.restore()
    syncBuiltinESMExports()
  })
  const like = await hashed(GOOD, 3)
  spy.mock.resetCalls()
  await new PasswordHasher(LOG_N).check(GOOD, null, STRANGER, like)
  assert.equal((spy.mock.calls[0]!.arguments[3] as unknown as { N: number }).N, 2 ** 3)
})

test('the trace of a password is the same for the same request only, and costs what a hash costs', async t => {
  const hasher = new PasswordHasher(LOG_N)
  const trace = async (password: string, request: string) => {
    const step = await hasher.trace(password, request)
    assert.ok(step.ok)
    return step.value
  }
  const spy = t.mock.method(crypto, 'scrypt')
  syncBuiltinESMExports()
  t.after(() => {
    spy.mock.restore()
    syncBuiltinESMExports()
  })
  const first = await trace(GOOD, 'admin tour-3')
  assert.equal((spy.mock.calls[0]!.arguments[3] as unknown as { N: number }).N, 2 ** LOG_N)
  assert.equal(await trace(GOOD, 'admin tour-3'), first)
  assert.notEqual(await trace(GOOD, 'admin tour-4'), first)
  assert.notEqual(await trace(`${GOOD}.`, 'admin tour-3'), first)
})

test('a hash does not hold up the event loop', async () => {
  let turns = 0
  let isDone = false
  const count = () => {
    turns += 1
    if (!isDone) setImmediate(count)
  }
  const hash = new PasswordHasher(15).hash(GOOD)
  setImmediate(count)
  await hash
  isDone = true
  assert.ok(turns > 10, `the loop turned ${turns} times`)
})

const rule = (password: string, user = 'person-1'): unknown => unfitPassword(password, user)?.details?.rule ?? null

test('a password has 12 to 128 characters, counted as people count them', () => {
  assert.equal(rule('elevenchars'), 'too-short')
  assert.equal(rule('twelve chars'), null)
  const words = '0123 zebra crossing '.repeat(7)
  assert.equal(rule(words.slice(0, 128)), null)
  assert.equal(rule(words.slice(0, 129)), 'too-long')
  assert.equal(rule('🚑🚒🚓🚔🚕🚖'), 'too-short', '12 UTF-16 units are 6 characters')
  assert.equal(rule('🚑🚒🚓🚔🚕🚖🚗🚘🚙🚚🚛🚜'), null)
})

test('there are no rules of composition: words, blanks and digits alone will do', () => {
  for (const password of [GOOD, '904817265530', 'correcthorsebatterystaple', '雨ニモマケズ風ニモマケズ雪']) {
    assert.equal(rule(password), null, password)
  }
})

test('a password that contains the user name in any case is unfit, unless the name is very short', () => {
  assert.equal(rule('my Person-1 secret'), 'contains-user-name')
  assert.equal(rule('an x in the middle', 'x'), null)
})

test('common passwords are unfit, also padded or repeated', () => {
  const common = [
    'Password1234',
    'passwordpassword',
    '123456789012',
    'qwertyuiop!!',
    '2026Welcome2026',
    'AMBULANCE-112',
  ]
  for (const password of [...common, 'aaaaaaaaaaaa', 'abcabcabcabcab', '121212121212', '1qaz2wsx3edc4rfv']) {
    assert.equal(rule(password), 'common', password)
  }
})

test('a made-up password meets the rules and is another one each time', () => {
  const made = Array.from({ length: 200 }, madeUpPassword)
  assert.equal(new Set(made).size, 200)
  for (const password of made) {
    assert.match(password, /^[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}$/)
    assert.equal(rule(password, 'admin'), null)
  }
})
