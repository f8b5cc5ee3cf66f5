/** The audit over HTTP: who finds what in it, and that it is whole. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AuditEntry } from '../../../src/store/audit/audit.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { callerOf, type Site, startSite } from './site.ts'

let site: Site
const hooks: (() => Promise<void> | void)[] = []
before(async () => {
  site = await startSite({ after: hook => void hooks.push(hook as () => Promise<void>) })
  for (let n = 1; n <= 7; n += 1) await append({ subject: `A${n}`, region: n % 2 === 0 ? 'wlg' : 'akl' })
  await append({ actor: 'desk-9', action: 'refusal', outcome: 'refused', region: null, subject: null })
})
after(async () => {
  for (const hook of hooks) await hook()
})

const ENTRY: AuditEntry = {
  ...{ actor: 'admin-1', action: 'unit-changed', outcome: 'done', region: 'akl', subject: 'A1' },
  ...{ address: '192.0.2.7', details: { fields: ['callSign'] } },
}
const append = (changes: Partial<AuditEntry>) =>
  site.database.transaction().execute(on => site.audit.append(on, [{ ...ENTRY, ...changes }]))
const subjects = (body: { readonly items: readonly { readonly subject: string | null }[] }) =>
  body.items.map(({ subject }) => subject)

test('[AD-16] an admin finds entries by who, what, to what, outcome and region, the newest first', async () => {
  const all = await site.ask('/v1/audit')
  assert.deepEqual(
    [all.status, subjects(all.body), all.body.next],
    [200, [null, 'A7', 'A6', 'A5', 'A4', 'A3', 'A2', 'A1'], null],
  )
  const { atMs, ...first } = all.body.items.at(-1)
  assert.deepEqual(first, { seq: 1, ...ENTRY })
  assert.ok(Math.abs(atMs - Date.now()) < 600_000)
  for (const [query, found] of [
    ['region=wlg', ['A6', 'A4', 'A2']],
    ['actor=desk-9', [null]],
    ['action=refusal', [null]],
    ['outcome=refused', [null]],
    ['subject=A3&action=unit-changed', ['A3']],
    ['actor=nobody', []],
    [`toMs=${atMs - 1}`, []],
  ] as const) {
    assert.deepEqual(subjects((await site.ask(`/v1/audit?${query}`)).body), found, query)
  }
})

test('[AD-16] pages follow one another without a gap, while more is written', async () => {
  const first = await site.ask('/v1/audit?region=akl&limit=2')
  assert.deepEqual(subjects(first.body), ['A7', 'A5'])
  await append({ subject: 'late', region: 'akl', actor: 'admin-2' })
  const second = await site.ask(`/v1/audit?region=akl&limit=2&after=${first.body.next}`)
  assert.deepEqual([subjects(second.body), second.body.next], [['A3', 'A1'], null])
  assert.match(first.headers.get('link')!, /^<\/v1\/audit\?region=akl&limit=2&after=\d+>; rel="next"$/)
})

test('[AD-16] a supervisor finds what was done in the own region, and nothing of users, strangers or other regions', async () => {
  const caller = callerOf('supervisor')
  const own = await site.ask('/v1/audit?actor=admin-1', { caller })
  assert.deepEqual(subjects(own.body), ['A7', 'A5', 'A3', 'A1'])
  assert.equal((await site.ask('/v1/audit?region=wlg', { caller })).body.code, 'wrong-region')
  assert.equal((await site.ask('/v1/audit', { caller: callerOf('dispatcher') })).body.code, 'wrong-role')
  assert.equal((await site.ask('/v1/audit/proof', { caller })).body.code, 'wrong-role')
})

test('[AD-16] what is no search is refused by the name of the field', async () => {
  for (const [query, path] of [
    ['fromMs=5&toMs=5', 'toMs'],
    ['fromMs=0&toMs=99999999999', 'fromMs'],
    ['after=x', 'after'],
    ['outcome=perhaps', 'outcome'],
    ['limit=501', 'limit'],
    ['actor=', 'actor'],
  ] as const) {
    const { status, body } = await site.ask(`/v1/audit?${query}`)
    assert.deepEqual([status, body.code, body.details?.path], [400, 'invalid-field', path], query)
  }
})

test('[AD-17] the chain is proven step by step to its end, and a change of an entry is found', async () => {
  await site.database.transaction().execute(on =>
    site.audit.append(
      on,
      Array.from({ length: 600 }, (_, n) => ({ ...ENTRY, subject: `B${n}` })),
    ),
  )
  const first = await site.ask('/v1/audit/proof')
  assert.deepEqual([first.body.end.split(':')[0], first.body.isWhole, first.body.fault], ['500', false, null])
  const second = await site.ask(`/v1/audit/proof?after=${first.body.end}`)
  assert.equal(second.body.isWhole, false)
  const last = await site.ask(`/v1/audit/proof?after=${second.body.end}`)
  assert.deepEqual([last.body.end, last.body.isWhole], [second.body.end, true])
  assert.equal((await site.ask('/v1/audit/proof?after=5')).body.details.path, 'after')
  const made = first.body.end.replace(/.$/, (digit: string) => (digit === '0' ? '1' : '0'))
  assert.equal((await site.ask(`/v1/audit/proof?after=${made}`)).body.fault.seq, 501)

  const intruder = await openClient(site.ownerUrl, { applicationName: 'goldenhour test' })
  await intruder.query("SET session_replication_role = 'replica'")
  await intruder.query("UPDATE audit.entries SET actor = 'somebody' WHERE seq = 3")
  await intruder.end()
  const broken = await site.ask('/v1/audit/proof')
  assert.deepEqual([broken.body.end, broken.body.isWhole], [null, false])
  assert.deepEqual([broken.body.fault.seq, broken.body.fault.fault], [3, 'changed'])
})
