/** A directory with an embedded Postgres for tests, started here or by another process, and what is done to it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { until } from '../../support/engine.ts'
import { stopServerIn, temporaryBaseDir } from '../../support/postgres.ts'
import { moduleOf, programText } from '../../support/program.ts'

const MODULE = moduleOf(new URL('../../../src/store/embedded/embedded-postgres.ts', import.meta.url))

/** A directory of the test's own; whatever server runs there at the end is stopped. */
export async function baseDirFor(t: TestContext, make = temporaryBaseDir): Promise<string> {
  const baseDir = await make()
  t.after(async () => {
    await stopAll()
    await stopServerIn(baseDir)
    await rm(baseDir, { recursive: true, force: true, maxRetries: 20 })
  })
  return baseDir
}

const handles: EmbeddedPostgres[] = []

/** Ends all that `start` has given: who goes on watching would start the server anew. */
export async function stopAll(): Promise<void> {
  await Promise.all(handles.splice(0).map(handle => handle.stop({ evenIfUsed: true }).catch(() => undefined)))
}

export async function start(baseDir: string, more: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}) {
  const handle = await startEmbeddedPostgres({ baseDir, log: () => undefined, ...more })
  handles.push(handle)
  return handle
}

/** Another process that starts the server, tells what it got, and then only waits. */
export async function startInChild(
  baseDir: string,
): Promise<{ child: ChildProcess; url: string; startedByUs: boolean }> {
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE.href)})
    const { url, startedByUs } = await startEmbeddedPostgres({ baseDir: ${JSON.stringify(baseDir)}, log: () => {} })
    console.log(JSON.stringify({ url, startedByUs }))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, programText(script), {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout! }), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the starting process ended with ${code}`))),
  ])
  return { child, ...JSON.parse(line) }
}

export async function ask<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const session = await openClient(url, { applicationName: 'embedded-postgres.test' })
  try {
    return (await session.query<Row>(sql)).rows
  } finally {
    await session.end()
  }
}

/** The process id of the server that runs there, or ran last. Errors: rejects where the file is missing or names none yet. */
export async function postmasterOf(baseDir: string): Promise<number> {
  const pid = Number((await readFile(path.join(baseDir, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0])
  // A signal to 0 would go to the tests themselves.
  if (!(pid > 0)) throw new Error(`The file of the server in ${baseDir} names no process.`)
  return pid
}

/** Ends the server as the kernel does when memory runs out. */
export async function killServer(baseDir: string): Promise<number> {
  const pid = await postmasterOf(baseDir)
  process.kill(pid, 'SIGKILL')
  return pid
}

/** Kills the server, again and again if it is back sooner, until another listens on its port. Output: what `listen` gave. */
export async function takePort<Taken>(
  baseDir: string,
  listen: () => Promise<Taken | null>,
): Promise<NonNullable<Taken>> {
  return (await until('the port is free for another', async () => {
    await killServer(baseDir).catch(() => undefined)
    return listen()
  })) as NonNullable<Taken>
}
