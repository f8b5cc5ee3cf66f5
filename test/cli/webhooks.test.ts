/** `goldenhour webhooks`: how far each is, and letting go what is stopped. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type pg from 'pg'
import { openClient } from '../../src/store/postgres/database.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'
import { storeLog } from '../support/stored-log.ts'
import { SECRET } from '../support/webhook-receiver.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client

before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  const record = (position: number) => ({ position, recordedAtMs: position, principal: 'system', events: [] })
  for (const region of ['akl', 'wlg']) await storeLog(owner, region, [1, 2, 3, 4].map(record))
  await owner.query(`INSERT INTO webhooks.cursors (region, hook, position, stopped) VALUES ('akl', 'cad', 2, 'restored'),
    ('wlg', 'cad', 4, NULL), ('akl', 'former', 1, NULL)`)
})
after(async () => {
  await owner.end()
  await owned.drop()
})

const webhooks = (...args: string[]) => {
  const set = ['cad', 'later'].map(name => ({ name, url: 'http://127.0.0.1:1/', secret: SECRET }))
  // As an engine's role, which may do no more than it must.
  const env = { DATABASE_URL: owned.engineUrl, GOLDENHOUR_WEBHOOKS: JSON.stringify(set) }
  return runHere(['webhooks', ...args], { env })
}
const list = async () => (await webhooks('list')).stdout

test('the list says how far each is, why one is stopped, and which has no place to go', async () => {
  assert.equal(
    await list(),
    'cad\takl\t2\t4\trestored\ncad\twlg\t4\t4\t\nformer\takl\t1\t4\tit is in no configuration here\n',
  )
})

test('what cannot go is refused with what to do', async () => {
  const refused = async (...args: string[]) => (await webhooks('go', ...args)).stderr
  assert.match(await refused('former'), /The configuration has no webhook former; "goldenhour webhooks list" lists/)
  assert.match(await refused('later'), /The webhook later has begun in no region; name one with --region\./)
  assert.match(await refused('cad', '--region', 'sf'), /The log of region sf has no record/)
  assert.match(await refused('cad', '--after', '5'), /The log of region akl ends at 4; nothing is behind 5\./)
  assert.match(await refused('cad', '--after', 'now'), /It must be a position, or "end"\./)
})

test('it goes on where it stands, from a position, or at the end, and the audit has it', async () => {
  assert.equal(
    (await webhooks('go', 'cad')).stdout,
    'The webhook cad goes on in region akl behind position 2.\nThe webhook cad goes on in region wlg behind position 4.\n',
  )
  assert.equal((await webhooks('go', 'cad', '--region', 'wlg', '--after', '0')).code, 0)
  assert.equal((await webhooks('go', 'later', '--region', 'akl', '--after', 'end')).code, 0)
  assert.equal(
    await list(),
    'cad\takl\t2\t4\t\ncad\twlg\t0\t4\t\nformer\takl\t1\t4\tit is in no configuration here\nlater\takl\t4\t4\t\n',
  )
  const { rows } = await owner.query(
    `SELECT subject || ' ' || region || ' ' || (details ->> 'position') AS entry FROM audit.entries
     WHERE action = 'webhook-let-go' AND actor = 'command-line' ORDER BY seq`,
  )
  assert.deepEqual(
    rows.map(({ entry }) => entry),
    ['cad akl 2', 'cad wlg 4', 'cad wlg 0', 'later akl 4'],
  )
})

test('a database that was brought back by other means is told so, and all of them are stopped', async () => {
  assert.equal((await webhooks('restored')).code, 0)
  assert.deepEqual(
    (await list()).split('\n').map(line => line.split('\t')[4]),
    ['restored', 'restored', 'restored', 'restored', undefined],
  )
})
