/** The simulation runs the very modules that the engine runs; what takes the place of the others is listed here, with why. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the engine reaches and the simulation does not; a folder ends with a slash. */
const REPLACED: Readonly<Record<string, string>> = {
  'src/base/time.ts': 'core/loop.ts runs all that waits',
  'src/actors/ids.ts': 'ids are random there; here they are counted',
  'src/engine/': 'parts of its start, over Postgres',
  'src/roads/thread.ts': 'core/roads.ts makes the roads of the city in place',
  'src/roads/thread-start.ts': 'core/roads.ts makes the roads of the city in place',
  'src/roads/travel/prepare-roads.ts': 'core/roads.ts makes the roads of the city in place',
  'src/roads/travel/hierarchy-of-times.ts': 'core/roads.ts has no hierarchy made: the search answers',
  'src/roads/times/stored-model.ts': 'speeds come from a store',
  'src/roads/providers/': 'no decision asks a routing server',
  'src/roads/reach/': 'questions beside the turns, which nobody asks there and no decision waits for',
  'src/roads/address/': 'questions beside the turns',
  'src/roads/line-within.ts': 'questions beside the turns',
  'src/roads/nearest/route-search.ts': 'questions beside the turns',
  'src/roads/nearest/route-under-way.ts': 'questions beside the turns',
  'src/store/roads/': 'tables of Postgres',
  'src/engine.ts': 'wires the parts; test/sim/core/process.ts does that here',
  'src/store/log/postgres-journal.ts': 'MemoryJournal, which passes the same contract suite, behind core/database.ts',
  'src/store/log/stored-pages.ts': 'MemoryJournal, which passes the same contract suite, behind core/database.ts',
  'src/store/log/journal-statements.ts': 'statements of Postgres',
  'src/store/leases/postgres-lease-table.ts': 'MemoryLeaseTable, which passes the same tests, behind core/database.ts',
  'src/store/log/own-connections.ts': 'connections to Postgres',
  'src/store/log/lane-connection.ts': 'a connection to Postgres',
  'src/store/postgres/database.ts': 'connections to Postgres',
  'src/store/postgres/array-text.ts': 'columns of a statement to Postgres',
  'src/store/embedded/database-server.ts': 'the embedded Postgres',
  'src/store/embedded/embedded-postgres.ts': 'the embedded Postgres',
  'src/store/embedded/': 'the embedded Postgres',
  'src/store/embedded/postgres-binaries.ts': 'the embedded Postgres',
  'src/store/postgres/retry-while-away.ts': 'how an engine starts while Postgres restarts',
  'src/store/postgres/store-health.ts': 'a connection to Postgres',
  'src/store/log/lane-pool.ts': 'connections to Postgres',
  'src/store/postgres/live-time.ts': 'limits on answers of Postgres',
  'src/store/postgres/patient-client.ts': 'a connection to Postgres',
  'src/store/postgres/unreachable.ts': 'a connection to Postgres',
  'src/config/address.ts': 'the address that an engine notes for other programs of its machine',
  'src/process/': 'the process around the engine: its stop, and its note in the data directory',
  'src/base/process-stat.ts': 'the process around the engine, and those of Postgres',
  'src/telemetry/log-sink.ts': 'where the log of a process goes',
  'src/store/postgres/migrate.ts': 'tables of Postgres',
  'src/store/postgres/engine-role.ts': 'tables of Postgres',
  'src/store/postgres/step-migrator.ts': 'tables of Postgres',
  'src/store/migrations/': 'tables of Postgres',
  'src/store/functions/': 'functions of Postgres',
  'src/store/reference/reference-store.ts': 'core/database.ts answers what a region keeper asks of it',
  'src/store/reference/': 'tables of Postgres',
  'src/store/log/record-columns.ts': 'a connection to Postgres',
  'src/store/log/clock-anchor.ts': 'a table of Postgres; core/process.ts is given the anchor',
  'src/gateway/transport/native.ts': 'core/door.ts stands for the library of sockets',
  'src/gateway/transport/portable/': 'core/door.ts stands for the library of sockets',
  'src/gateway/transport/choose.ts': 'core/door.ts stands for the library of sockets',
  'src/gateway/transport/uws.ts': 'core/door.ts stands for the library of sockets',
  'src/gateway/transport/uws-binaries.ts': 'core/door.ts stands for the library of sockets',
}
/** Doors that no client of the simulation comes through: HTTP, sign-in, tokens, the audit, all over Postgres. */
const NOT_USED: Readonly<Record<string, string>> = {
  'src/gateway/guard.ts': 'HTTP',
  'src/gateway/gateway.ts': 'wires the doors; core/process.ts mounts that of WebSockets itself',
  'src/gateway/tls.ts': 'certificates',
  'src/gateway/limits/open-files.ts': 'files that the system lets a process open',
  'src/gateway/port-holder.ts': 'who holds the port of a process',
  'src/gateway/ask-here.ts': 'who holds the port of a process',
  'src/gateway/preflight.ts': 'HTTP',
  'src/gateway/other-methods.ts': 'HTTP',
  'src/gateway/store-waits.ts': 'HTTP',
  'src/gateway/web-files.ts': 'HTTP',
  'src/roads/lines/': 'HTTP: the roads as maps are shown them',
  'src/gateway/routes/': 'HTTP',
  'src/gateway/route.ts': 'HTTP',
  'src/protocol/query.ts': 'HTTP',
  'src/protocol/list-schemas.ts': 'HTTP',
  'src/protocol/statistics-schemas.ts': 'HTTP',
  'src/protocol/statistics-view.ts': 'HTTP',
  'src/integrations/': 'tells other systems of the log, over HTTP',
  'src/store/webhooks/': 'tables of Postgres',
  'src/base/webhook-secret.ts': 'the secrets of webhooks',
  'src/base/http-answer.ts': 'HTTP',
  'src/store/age/': 'tells of erasures that commands make in tables of Postgres',
  'src/store/leases/lease-process.ts': 'processes of a machine',
  'src/store/location/archives.ts': 'HTTP',
  'src/store/location/packs.ts': 'HTTP',
  'src/store/location/stored-fix.ts': 'HTTP: fixes of phones that number none',
  'src/gateway/tracker-credentials.ts': 'HTTP',
  'src/gateway/tracker-intake.ts': 'HTTP',
  'src/protocol/trackers/': 'HTTP',
  'src/store/location/track-files.ts': 'HTTP',
  'src/protocol/event-schemas.ts': 'HTTP: the form of a decision in an answer',
  'src/protocol/number-text.ts': 'HTTP',
  'src/gateway/changes.ts': 'tells other processes of what HTTP changed',
  'src/access/authenticator.ts': 'core/credentials.ts says who somebody is; tickets are the real ones',
  'src/access/access.ts': 'sign-in',
  'src/access/access-watch.ts': 'sign-in',
  'src/access/accounts.ts': 'sign-in',
  'src/access/device-keys.ts': 'sign-in',
  'src/access/device-marks.ts': 'sign-in',
  'src/access/devices.ts': 'sign-in',
  'src/access/login-throttle.ts': 'sign-in',
  'src/access/oidc.ts': 'sign-in',
  'src/access/guests.ts': 'sign-in',
  'src/access/sign-in-refusals.ts': 'sign-in',
  'src/access/tables/guest-ticket-table.ts': 'sign-in',
  'src/access/passwords.ts': 'sign-in',
  'src/access/password-door.ts': 'sign-in',
  'src/access/sign-in.ts': 'sign-in',
  'src/access/sign-in-reach.ts': 'sign-in',
  'src/access/units.ts': 'sign-in',
  'src/protocol/reference.ts': 'what HTTP takes of reference data',
  'src/protocol/policy.ts': 'what HTTP takes of reference data',
  'src/access/tables/access-version.ts': 'sign-in',
  'src/store/audit/audit-chain.ts': 'the audit',
  'src/store/audit/audit-end.ts': 'the audit',
  'src/store/audit/audit-follower.ts': 'the audit',
  'src/store/followers/': 'the audit, and the views',
  'src/store/postgres/reader-role.ts': 'tables of Postgres',
  'src/store/views/': 'the views, of which the fold is tested over simulated logs',
  'src/store/log/log-pages.ts': 'the views',
  'src/store/log/call-search.ts': 'HTTP',
  'src/store/audit/audit-notes.ts': 'the audit',
  'src/store/audit/audit-search.ts': 'the audit',
  'src/access/tables/device-table.ts': 'sign-in',
  'src/store/audit/gathered-notes.ts': 'the audit',
  'src/store/http/http-outcomes.ts': 'HTTP',
  'src/access/tables/key-table.ts': 'sign-in',
  'src/store/audit/postgres-audit.ts': 'the audit',
  'src/access/tables/refresh-token-table.ts': 'sign-in',
  'src/access/tables/revocation-table.ts': 'sign-in',
  'src/store/location/track.ts': 'HTTP',
  'src/store/log/trip-decisions.ts': 'HTTP',
  'src/store/log/details-versions.ts': 'HTTP',
  'src/store/location/track-damage.ts': 'HTTP',
  'src/access/tables/user-table.ts': 'sign-in',
}

const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'"`;]*?\bfrom\s*)?['"](\.[^'"]+)['"]/gm
const CALLED = /\bimport\(\s*['"](\.[^'"]+)['"]/g

/** The modules that run when `file` is run, itself included; what is imported for its types alone is none of them. */
function reached(...entries: string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    const text = readFileSync(path.join(root, file), 'utf8')
    for (const [, specifier] of [...text.matchAll(IMPORT), ...text.matchAll(CALLED)]) {
      const target = path.posix.join(path.posix.dirname(file), specifier!)
      if (target.endsWith('.ts') && existsSync(path.join(root, target))) visit(target)
    }
  }
  for (const entry of entries) visit(entry)
  return seen
}

const engine = reached('src/engine.ts', 'src/client/index.ts')
const simulation = reached('test/sim/run.ts')
const isListed = (file: string, list: Readonly<Record<string, string>>): boolean =>
  Object.keys(list).some(name => (name.endsWith('/') ? file.startsWith(name) : file === name))

test('the walk of imports reaches what is imported, and not what is imported for its types alone', () => {
  assert.ok(engine.has('src/actors/region/region.ts'))
  assert.ok(engine.has('src/store/location/segment-codec.ts'))
  assert.ok(engine.has('src/client/index.ts'))
  assert.ok(!engine.has('src/access/claims.ts'))
  assert.ok(simulation.has('test/sim/core/process.ts'))
})

test('whatever the engine and the client library run, the simulation runs too, but for what is listed', () => {
  const lists = { ...REPLACED, ...NOT_USED }
  const missing = [...engine].filter(file => !simulation.has(file) && !isListed(file, lists))
  assert.deepEqual(missing.sort(), [])
})

test('the list names only what the engine has and the simulation lacks', () => {
  for (const name of [...Object.keys(REPLACED), ...Object.keys(NOT_USED)]) {
    const isOne = (file: string): boolean => isListed(file, { [name]: '' })
    assert.ok([...engine].some(isOne), `${name} is nothing that the engine reaches`)
    assert.deepEqual([...simulation].filter(isOne), [], `${name} is listed, and used`)
  }
})

test('the simulation has no copy of what it tests', () => {
  // So many lines in a row, blank ones and lone brackets left out, do not come about by chance.
  const inARow = 10
  const runsOf = (file: string): string[] => {
    const lines = readFileSync(path.join(root, file), 'utf8').split('\n')
    const telling = lines.map(line => line.trim()).filter(line => /\w{3}/.test(line) && !line.startsWith('import '))
    return telling.slice(inARow - 1).map((_, i) => telling.slice(i, i + inARow).join('\n'))
  }
  const ofEngine = new Map([...engine].flatMap(file => runsOf(file).map(run => [run, file] as const)))
  const copied = readdirSync(path.join(root, 'test/sim'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .flatMap(file => runsOf(`test/sim/${file}`).flatMap(run => (ofEngine.has(run) ? `${file}: ${run}` : [])))
  assert.deepEqual(copied, [])
})
