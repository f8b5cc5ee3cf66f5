/** The policy of a region over HTTP: read, replaced at the version that was read, and every version that ever stood. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { callerOf, type Site, startSite } from './site.ts'

let site: Site
const hooks: (() => Promise<void> | void)[] = []
before(async () => {
  site = await startSite({ after: hook => void hooks.push(hook as () => Promise<void>) })
})
after(async () => {
  for (const hook of hooks) await hook()
})

let regions = 0
/** A new region; the path of its policy. */
async function fresh(dispatchMode = 'ordered'): Promise<string> {
  regions += 1
  const { status } = await site.post('/v1/regions', { region: `p${regions}`, name: 'New', dispatchMode })
  assert.equal(status, 201)
  return `/v1/regions/p${regions}/policy`
}
const put = (path: string, body: unknown, ifMatch: string | null = '*') =>
  site.ask(path, { method: 'PUT', body, headers: ifMatch === null ? {} : { 'if-match': ifMatch } })

test('[AD-13] a region has a policy from the first moment on: the defaults, in its mode', async () => {
  const path = await fresh('offered')
  const read = await site.ask(path)
  const { changedAtMs, ...rest } = read.body
  const policy = { ...DEFAULT_POLICY, mode: 'offered' }
  const shown = { region: path.split('/')[3], version: 1, changedBy: 'admin-1', note: null, policy }
  assert.deepEqual([read.status, read.headers.get('etag'), rest], [200, '"1"', shown])
  assert.equal(typeof changedAtMs, 'number')
  assert.equal((await site.ask(path, { headers: { 'if-none-match': '"1"' } })).status, 304)
})

test('[AD-4] [AD-13] it is replaced as a whole at the version that was read; what is left out has its default', async () => {
  const path = await fresh('offered')
  const missing = await put(path, { policy: {} }, null)
  assert.deepEqual([missing.status, missing.body.code], [428, 'version-missing'])
  const changed = await put(path, { policy: { roundPauseMs: 20_000 }, note: 'busy nights' }, '"1"')
  assert.deepEqual([changed.status, changed.headers.get('etag')], [200, '"2"'])
  assert.deepEqual(changed.body.policy, { ...DEFAULT_POLICY, roundPauseMs: 20_000 })
  assert.deepEqual([changed.body.version, changed.body.note], [2, 'busy nights'])
  assert.deepEqual((await site.ask(path)).body, changed.body)
  const late = await put(path, { policy: {} }, '"1"')
  assert.deepEqual([late.status, late.body.code, late.body.details], [412, 'version-differs', { version: 2 }])
})

test('[AD-3] [AD-13] a policy can be put back as it was read, which changes nothing', async () => {
  const path = await fresh()
  const { body, headers } = await site.ask(path)
  const same = await put(path, body, headers.get('etag'))
  assert.deepEqual([same.status, same.body], [200, body])
  for (const [field, value] of [
    ['region', 'akl'],
    ['version', 7],
    ['changedBy', 'nobody'],
    ['changedAtMs', 5],
  ] as const) {
    const other = await put(path, { ...body, [field]: value })
    assert.deepEqual([other.status, other.body.details], [400, { path: field }], field)
  }
})

test('[AD-13] what is no policy is refused by the name of the field, and changes nothing', async () => {
  const path = await fresh()
  for (const [body, field] of [
    [{}, 'policy'],
    [{ policy: [] }, 'policy'],
    [{ policy: { orderWarnS: 20 } }, 'policy.orderWarnS'],
    [{ policy: { orderWarnMs: 20_000 } }, 'policy.orderWarnMs'],
    [{ policy: { orderWarnMs: { 1: 20 } } }, 'policy.orderWarnMs.1'],
    [{ policy: { offerTimeoutMs: { 6: 20_000 } } }, 'policy.offerTimeoutMs.6'],
    [{ policy: { offerTimeoutMs: 20_000 } }, 'policy.offerTimeoutMs'],
    [{ policy: { orderWarnMs: { 2: 50_000 } } }, 'policy.orderTimeoutMs.2'],
    [{ policy: {}, note: 'two\nlines' }, 'note'],
    [{ policy: {}, because: 'x' }, 'because'],
  ] as const) {
    const { status, body: answer } = await put(path, body)
    assert.deepEqual(
      [status, answer.code, answer.details],
      [400, 'invalid-field', { path: field }],
      JSON.stringify(body),
    )
  }
  assert.equal((await site.ask(path)).body.version, 1)
})

test('[AD-13] its mode and that of the region are one', async () => {
  const path = await fresh()
  const region = path.replace('/policy', '')
  await put(path, { policy: { mode: 'offered', roundPauseMs: 20_000 } })
  const shown = await site.ask(region)
  assert.equal(shown.body.dispatchMode, 'offered')
  const patch = {
    method: 'PATCH',
    body: { dispatchMode: 'ordered' },
    headers: { 'if-match': shown.headers.get('etag')! },
  }
  assert.equal((await site.ask(region, patch)).body.dispatchMode, 'ordered')
  const { version, policy } = (await site.ask(path)).body
  assert.deepEqual([version, policy], [3, { ...DEFAULT_POLICY, roundPauseMs: 20_000 }])
})

test('[AD-14] every version that ever stood is listed, newest first and page by page', async () => {
  const path = await fresh()
  for (const roundPauseMs of [20_000, 25_000, 30_000]) await put(path, { policy: { roundPauseMs } })
  const page = async (query: string) => {
    const { body } = await site.ask(`${path}/versions${query}`)
    return [body.items.map((item: { version: number }) => item.version), body.next]
  }
  assert.deepEqual(await page(''), [[4, 3, 2, 1], null])
  assert.deepEqual(await page('?limit=3'), [[4, 3, 2], '2'])
  assert.deepEqual(await page('?limit=3&after=2'), [[1], null])
  const { items } = (await site.ask(`${path}/versions?limit=1`)).body
  assert.deepEqual(items, [(await site.ask(path)).body])
  for (const after of ['x', '-1', '1.5', '']) {
    const { status, body } = await site.ask(`${path}/versions?after=${after}`)
    assert.deepEqual([status, body.details], [400, { path: 'after' }], after)
  }
})

test('[AD-2] dispatchers and supervisors of the region read it, admins alone change it', async () => {
  const path = '/v1/regions/akl/policy'
  for (const role of ['dispatcher', 'supervisor'] as const) {
    const caller = callerOf(role, { regions: ['akl'] })
    assert.equal((await site.ask(path, { caller })).status, 200)
    assert.equal((await site.ask(`${path}/versions`, { caller })).status, 200)
    const refused = await site.ask(path, { caller, method: 'PUT', body: { policy: {} }, headers: { 'if-match': '*' } })
    assert.deepEqual([refused.status, refused.body.code], [403, 'wrong-role'])
    for (const other of ['/v1/regions/wlg/policy', '/v1/regions/wlg/policy/versions']) {
      assert.equal((await site.ask(other, { caller })).body.code, 'wrong-region')
    }
  }
  assert.equal((await site.ask(path, { caller: callerOf('driver') })).body.code, 'wrong-role')
  for (const [method, name, code] of [
    ['GET', 'nowhere/policy', 'unknown-region'],
    ['GET', 'nowhere/policy/versions', 'unknown-region'],
    ['PUT', 'nowhere/policy', 'not-found'],
  ] as const) {
    const body = method === 'PUT' ? { body: { policy: {} } } : {}
    const answer = await site.ask(`/v1/regions/${name}`, { method, ...body, headers: { 'if-match': '*' } })
    assert.equal(answer.body.code, code, name)
  }
})

test('[AD-9] [AD-13] the answer waits until the engine goes by the policy, and says so where that takes longer', async t => {
  t.after(() => {
    site.engine.isFast = true
  })
  const path = await fresh()
  const before = site.engine.asked
  assert.equal((await put(path, { policy: { roundPauseMs: 20_000 } })).headers.get('retry-after'), null)
  assert.equal(site.engine.asked, before + 1)
  site.engine.isFast = false
  assert.equal((await put(path, { policy: { roundPauseMs: 25_000 } })).headers.get('retry-after'), '1')
})

test('[AD-13] the audit has who changed which number from what to what', async () => {
  const path = await fresh()
  await put(path, { policy: { roundPauseMs: 20_000, cadenceMs: { parked: 60_000 } } })
  const entry = (await site.audited()).findLast(({ action }) => action === 'policy-changed')!
  assert.deepEqual([entry.actor, entry.region, entry.subject], ['admin-1', path.split('/')[3], path.split('/')[3]])
  assert.deepEqual(entry.details, {
    version: 2,
    changed: { roundPauseMs: [15_000, 20_000], 'cadenceMs.parked': [30_000, 60_000] },
  })
})
