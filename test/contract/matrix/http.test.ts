/** The rights matrix of HTTP: every route, of every role and of nobody, for what is whose. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routeName } from '../../../src/gateway/route.ts'
import { ROUTES } from '../../../src/gateway/routes/index.ts'
import { WS_ROUTE } from '../../../src/gateway/ws-door.ts'
import { type HttpAnswer, until } from '../../support/engine.ts'
import { HTTP_CASES, type HttpCase, type HttpRequest } from './http-cases.ts'
import { CALLERS, type Caller, type HttpReach, httpOutcome, type Outcome } from './rules.ts'
import { changedBetween, World } from './world.ts'

interface Cell {
  readonly route: string
  readonly tried: HttpCase
  readonly reach: HttpReach
  readonly caller: Caller
  readonly expected: Outcome
}

const CELLS: readonly Cell[] = Object.entries(HTTP_CASES).flatMap(([route, tried]) =>
  tried.reaches.flatMap(reach =>
    CALLERS.map(caller => {
      const expected = httpOutcome(tried.action, reach, tried.missing ?? 'done', caller)
      return { route, tried, reach, caller, expected }
    }),
  ),
)
const REFUSED = CELLS.filter(({ expected }) => expected !== 'done')
const READ = CELLS.filter(({ expected, route }) => expected === 'done' && route.startsWith('GET '))
const CHANGED = CELLS.filter(({ expected, route }) => expected === 'done' && !route.startsWith('GET '))

const world = new World()

async function open(): Promise<void> {
  await world.open()
  // Its key's first use is written down; from then on nothing changes by its use for an hour.
  await world.ask('GET', '/v1/auth/me', { token: world.token('feed') })
}

const titleOf = ({ caller, route, reach }: Cell): string => `${caller}: ${route} (${reach})`
const send = ({ route, caller }: Cell, { path, token, ...rest }: HttpRequest): Promise<HttpAnswer> =>
  world.ask(route.split(' ')[0]!, path, { token: token ?? world.token(caller), ...rest })

/** `done` when the answer is what the route answers then. */
function outcomeOf({ tried }: Cell, { status, body }: HttpAnswer): string {
  if (status === tried.status && body?.code === undefined) return 'done'
  return body?.code ?? `status ${status}`
}

/** What is stored once the engine has taken the units that were made, which it does by itself and a moment later. */
function quiet() {
  return until('nothing is being stored any more', async () => {
    const untaken = await world.site.query(
      `SELECT 1 FROM reference.units unit WHERE NOT EXISTS (SELECT 1 FROM log.records record
       WHERE record.region = unit.region AND record.events @> jsonb_build_array(
         jsonb_build_object('type', 'UnitRegistered', 'unitId', unit.unit_id, 'callSign', unit.call_sign)))`,
    )
    if (untaken.length > 0) return false
    const [one, two] = [await world.contents(), await world.contents()]
    return changedBetween(one, two).length === 0 && two
  })
}

/** Makes all requests, then sends them; what came of each otherwise than it must. */
async function attempt(cells: readonly Cell[]): Promise<readonly string[]> {
  const made = new Map<string, HttpRequest>()
  const nameOf = ({ route, reach, caller, tried }: Cell) => `${route} ${reach} ${tried.isPersonal ? caller : ''}`
  for (const cell of cells) {
    const { tried, reach, caller } = cell
    if (!made.has(nameOf(cell))) made.set(nameOf(cell), await tried.request(world, reach, caller))
  }
  const stored = await quiet()
  const wrong: string[] = []
  for (const cell of cells) {
    const outcome = outcomeOf(cell, await send(cell, made.get(nameOf(cell))!))
    if (outcome !== cell.expected) wrong.push(`${titleOf(cell)}: ${outcome} and not ${cell.expected}`)
  }
  return [...wrong, ...changedBetween(stored, await world.contents()).map(table => `${table} has changed`)]
}

const difference = (some: readonly string[], others: readonly string[]) => some.filter(each => !others.includes(each))

test('every route has its case, and no case is of a route that there is not', () => {
  const routes = ROUTES.map(({ method, pattern, action }) => `${method.toUpperCase()} ${pattern} for ${action}`)
  const cases = Object.entries(HTTP_CASES).map(([route, { action }]) => `${route} for ${action}`)
  assert.deepEqual(difference(cases, routes), [])
  assert.deepEqual(difference(routes, cases), [])
  assert.equal(REFUSED.length + READ.length + CHANGED.length, CELLS.length)
})

test('each request is refused to whom it must be, with its code, and changes nothing', async t => {
  await open()
  assert.deepEqual(await attempt(REFUSED), [])
  t.diagnostic(`${REFUSED.length} refused cells`)
})

test('each reading is answered to whom it may be, and changes nothing', async t => {
  await open()
  assert.deepEqual(await attempt(READ), [])
  t.diagnostic(`${READ.length} reading cells`)
})

test('each change is made for whom it may be, and each makes one', async t => {
  await open()
  const requests = new Map<Cell, HttpRequest>()
  for (const cell of CHANGED) requests.set(cell, await cell.tried.request(world, cell.reach, cell.caller))
  const wrong: string[] = []
  let before = await quiet()
  for (const route of new Set(CHANGED.map(cell => cell.route))) {
    for (const cell of CHANGED.filter(each => each.route === route)) {
      const outcome = outcomeOf(cell, await send(cell, requests.get(cell)!))
      if (outcome !== 'done') wrong.push(`${titleOf(cell)}: ${outcome} and not done`)
    }
    const stored = await world.contents()
    // Records also come of units that an earlier route has changed, and a command is not stored there alone.
    const changed = changedBetween(before, stored).filter(table => table !== 'log.records')
    if (changed.length === 0) wrong.push(`${route} changed nothing`)
    before = stored
  }
  assert.deepEqual(wrong, [])
  t.diagnostic(`${CHANGED.length} changing cells, ${CELLS.length} in all`)
})

test('every route was answered as it is done, and each answer was of the form that docs/protocol tells', async () => {
  await open()
  const routes = ROUTES.map(({ method, pattern }) => {
    const { status } = HTTP_CASES[`${method.toUpperCase()} ${pattern}`]!
    return `${method.toUpperCase()} ${pattern.replaceAll(/:(\w+)/g, '{$1}')} ${status}`
  })
  assert.deepEqual(difference(routes, [...world.told]), [])
})

test('every route is counted and timed under its own labels, and nothing that was sent becomes a label', async () => {
  await open()
  const { body } = await world.ask('GET', '/metrics', { token: null })
  const line = /^goldenhour_http_request_seconds_count\{route="(.+)",method="(.+)",status="(\dxx)"\} [1-9]/gm
  const counted = [...body.matchAll(line)].map(([, route, method, status]) => `${method} ${route} ${status}`)
  const done = ROUTES.map(route => `${routeName(route)} ${String(HTTP_CASES[routeName(route)]!.status)[0]}xx`)
  assert.deepEqual(difference(done, counted), [])
  const patterns = new Set([...ROUTES.map(routeName), `GET ${WS_ROUTE.pattern}`])
  assert.deepEqual(
    [...new Set(counted.map(labels => labels.slice(0, -4)))].filter(name => !patterns.has(name)),
    [],
  )
})

test('the status of an answer is that of the row', () => {
  for (const { method, pattern, reply } of ROUTES) {
    const { status } = HTTP_CASES[`${method.toUpperCase()} ${pattern}`]!
    assert.ok(Object.hasOwn(reply, status), `${method} ${pattern}`)
  }
})
