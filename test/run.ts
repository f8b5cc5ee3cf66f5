/**
 * Runs tests over one Postgres of their own, and leaves nothing behind.
 *
 * `node --import tsx test/run.ts [--wide | --long] [--times] [file …]`: each rule once, or those files. With --wide the rest
 * instead: whole programs that are started, killed and started again, and rules a second time, over the other transport and
 * in JSON. With --times it says at the end what each process of tests cost. With --long all of them run; the tests that repeat a rule
 * over random runs or rounds do so many more times (`support/long.ts`), and files that end in .long.test.ts run too.
 *
 * All tests run as JavaScript, in a copy of the checkout that is compiled first (`support/compile.ts`); files that are
 * named run as they are, by tsx. Those of one directory share processes, a suite for each file, as loading takes longer
 * than most of them; those that start programs, or look at their process as a whole, have one of their own.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { chooseTransport } from '../src/gateway/transport/choose.ts'
import { compileCheckout } from './support/compile.ts'
import type { Cost } from './support/cost.ts'
import { makeCluster, startTestServer, stopServerIn, temporaryBaseDir, testDatabase } from './support/postgres.ts'
import { COMPILED_FLAGS, NODE_FLAGS } from './support/program.ts'

/** What is longest goes first, so that none of it runs alone at the end. */
const SLOW_FIRST = ['sim', 'contract', 'e2e', 'client', 'fuzz', 'cli', 'gateway', 'actors']
/** Directories and files whose tests share no process. */
const APART = [
  ...['bench', 'cli', 'e2e', 'fuzz', 'client/browser', 'contract/foreign', 'contract/tour', 'engine'],
  ...['sim/broken', 'sim/main', 'sim/sim', 'sim/found.long', 'sim/world/world'],
  ...['contract/rules/json', 'store/embedded-postgres', 'actors/actor-system', 'gateway/slow'],
  ...['tools/torture/options', 'tools/torture/torture.long', 'tools/conformance/serve'],
]
/** What `--wide` is for: it costs as much as all the others, and seldom finds what those do not. */
const WIDE = [
  ...[
    'bench',
    'contract/rules/json',
    'contract/rules/overload',
    'sim/broken',
    'sim/main',
    'cli/disclose',
    'cli/webhooks',
    ...['contract/matrix/hostile-credentials', 'contract/matrix/hostile-http', 'contract/matrix/hostile-wire'],
    'store/age',
    'store/postgres/vacuum',
    'store/backup',
    'store/embedded',
    'tools/conformance',
    'tools/torture',
  ],
  // The story of two people, and the crew's page, stay with the usual ones.
  ...['e2e/console-land', 'e2e/console-office', 'e2e/console-statistics', 'e2e/desk-alone', 'e2e/desk-work'],
  ...[
    'e2e/backup',
    'e2e/bad-network',
    'e2e/clocks',
    'e2e/database-trouble',
    'e2e/demo',
    'e2e/embedded',
    'e2e/idle-connections',
    'e2e/log-trouble',
  ],
  ...[
    'e2e/odd-orders',
    'e2e/released-database',
    'e2e/replay',
    'e2e/rolling-upgrade',
    'e2e/secrets',
    'e2e/standby',
    'e2e/stop-asked',
    'e2e/stop-without-database',
    'e2e/webhooks',
    'e2e/who-holds-it',
  ],
]
const FILES_TOGETHER = 20
/** Processes: many tests wait for a while that somebody lays down, a lease or a limit, or for another process. */
const AT_A_TIME = 4
/** What runs a second time with --wide, over the portable transport; with --long all the rules do. */
const ALSO_PORTABLE = ['gateway/', 'contract/rules/limits', 'contract/rules/session', 'contract/rules/wire']
const ALSO_PORTABLE_LONG = ['gateway/', 'contract/rules/', 'contract/matrix/']
/** Loading, choosing and routing are the same whatever else runs over it. */
const NEVER_TWICE = 'gateway/transport/'

type Which = 'usual' | 'wide' | 'long'

/** Files that run in one process, over one transport. */
interface Together {
  readonly names: string[]
  readonly isPortable: boolean
}

const testDir = path.dirname(fileURLToPath(import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean' }, wide: { type: 'boolean' }, times: { type: 'boolean' } },
})

const missing = positionals.filter(file => !existsSync(file))
if (missing.length > 0) {
  console.error(`There is no ${missing.join(', ')}.`)
  process.exit(2)
}
if (values.long === true) process.env.GOLDENHOUR_TEST_LONG = '1'
const { insteadOfNative } = chooseTransport(process.env.GOLDENHOUR_TRANSPORT === 'portable' ? 'portable' : 'auto')
if (insteadOfNative !== null) {
  console.log(`All tests run over the portable transport. ${insteadOfNative}`)
  // Processes inherit it, and programs that tests start.
  process.env.GOLDENHOUR_TRANSPORT = 'portable'
}
process.exitCode = await runTests(positionals, values.long === true ? 'long' : values.wide === true ? 'wide' : 'usual')

/** The files of each process, in the order in which processes start. */
async function testFiles(which: Which): Promise<Together[]> {
  const all = await readdir(testDir, { recursive: true })
  const names = all
    .filter(file => file.endsWith('.test.ts') && (which === 'long' || !file.endsWith('.long.test.ts')))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  const isPortable = process.env.GOLDENHOUR_TRANSPORT === 'portable'
  const twice = isPortable || which === 'usual' ? [] : which === 'long' ? ALSO_PORTABLE_LONG : ALSO_PORTABLE
  const portable = names.filter(
    name =>
      !name.startsWith(NEVER_TWICE) && twice.some(each => name.startsWith(each)) && !name.endsWith('.long.test.ts'),
  )
  const own = which === 'long' ? names : names.filter(name => isWide(name) === (which === 'wide'))
  return [...together(own, false), ...together(portable, true)]
}

function isWide(name: string): boolean {
  return WIDE.some(wide => isOf(wide, name))
}

/** Whether a file is this one, or of this directory. */
function isOf(place: string, name: string): boolean {
  return name === `${place}.test.ts` || name.startsWith(`${place}/`)
}

function together(names: readonly string[], isPortable: boolean): Together[] {
  const processes: Together[] = []
  const open = new Map<string, string[]>()
  for (const name of names) {
    const directory = name.split(path.sep)[0]!
    const others = open.get(directory)
    const isApart = APART.some(apart => isOf(apart, name))
    if (!isApart && others !== undefined && others.length < FILES_TOGETHER) {
      others.push(name)
      continue
    }
    const own = [name]
    if (!isApart) open.set(directory, own)
    processes.push({ names: own, isPortable })
  }
  return processes
}

/** What the tests cost, the dearest process first. */
async function tellCosts(file: string): Promise<void> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  const costs = lines.map(line => JSON.parse(line) as Cost).sort((a, b) => b.cpuS - a.cpuS)
  const total = costs.reduce((sum, { cpuS }) => sum + cpuS, 0)
  console.log(`CPU of test processes and of programs that they waited for: ${Math.round(total)} s`)
  for (const { names, cpuS, wallS } of costs) console.log(`${cpuS.toFixed(1)} s CPU, ${wallS.toFixed(1)} s: ${names}`)
}

/** One file that runs those of the copy, each as a suite when there are several. */
async function entryOf({ names, isPortable }: Together, copy: string, dir: string, index: number): Promise<string> {
  const files = names.map(name => [
    isPortable ? `${name} over the portable transport` : name,
    pathToFileURL(path.join(copy, 'test', name.replace(/\.ts$/, '.js'))).href,
  ])
  // The runner sorts its files by their names.
  const entry = path.join(dir, `${String(index).padStart(3, '0')}.test.mjs`)
  const watched = ['progress.js', 'cost.js']
    .map(name => `import ${JSON.stringify(pathToFileURL(path.join(copy, 'test/support', name)).href)}\n`)
    .join('')
  const several = `import { describe } from 'node:test'
${isPortable ? "process.env.GOLDENHOUR_TRANSPORT = 'portable'" : ''}
for (const [name, url] of ${JSON.stringify(files)}) describe(name, async () => void (await import(url)))
`
  const text = files.length > 1 || isPortable ? several : `import ${JSON.stringify(files[0]![1])}\n`
  const told = `process.env.GOLDENHOUR_TEST_NAMES = ${JSON.stringify(files.map(([name]) => name).join(' '))}\n`
  await writeFile(entry, `${watched}${told}${text}`)
  return entry
}

function rank(file: string): number {
  const index = SLOW_FIRST.indexOf(file.split(path.sep)[0]!)
  return index < 0 ? SLOW_FIRST.length : index
}

async function runTests(named: readonly string[], which: Which): Promise<number> {
  let interrupted = false
  let stopChild = (): void => undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interrupted = true
      stopChild()
    })
  }
  let template: Awaited<ReturnType<typeof testDatabase>> | null = null
  const dir = await temporaryBaseDir()
  // All directories of all tests lie in this one, so that those of a test that was killed are found below.
  process.env.GOLDENHOUR_TEST_DIR = dir
  const costsFile = path.join(dir, 'costs')
  if (values.times === true) process.env.GOLDENHOUR_TEST_COSTS = costsFile
  try {
    const copy = path.join(dir, 'checkout')
    const processes = named.length > 0 ? null : await testFiles(which)
    const compiled = processes === null ? null : compileCheckout(copy)
    if (process.env.GOLDENHOUR_TEST_POSTGRES === undefined) {
      const { url, engineUrl, programs } = await startTestServer()
      Object.assign(process.env, {
        GOLDENHOUR_TEST_POSTGRES: url,
        GOLDENHOUR_TEST_POSTGRES_ENGINE: engineUrl,
        GOLDENHOUR_TEST_PROGRAMS: programs,
      })
    }
    template = await testDatabase()
    process.env.GOLDENHOUR_TEST_TEMPLATE = template.name
    if (compiled !== null) process.env.GOLDENHOUR_TEST_CLUSTER = await makeCluster()
    await compiled
    if (interrupted) return 1
    const flags = [
      ...(processes === null ? NODE_FLAGS : COMPILED_FLAGS),
      '--test',
      `--test-concurrency=${AT_A_TIME}`,
      '--test-reporter=spec',
    ]
    const paths =
      processes === null ? named : await Promise.all(processes.map((files, index) => entryOf(files, copy, dir, index)))
    // A group of its own: the runner does not take the processes of its test files with it when it is killed.
    const child = spawn(process.execPath, [...flags, ...paths], { stdio: 'inherit', detached: true })
    stopChild = () => process.kill(-child.pid!, 'SIGKILL')
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', exitCode => resolve(exitCode ?? 1))
    })
    stopChild = () => undefined
    if (values.times === true) await tellCosts(costsFile)
    return code
  } finally {
    await template?.drop()
    for (const name of await readdir(dir)) await stopServerIn(path.join(dir, name))
    // An engine that just ends may still put its mark there.
    await rm(dir, { recursive: true, force: true, maxRetries: 20 })
  }
}
