/** A data directory that engines of a site use, each a process of its own. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { lookAtHolder } from '../../../src/store/embedded/postmaster.ts'
import { type EngineProcess, Site } from '../../support/engine.ts'
import { baseDirWithCluster, stopServerIn } from '../../support/postgres.ts'

const AKL = { akl: { mode: 'offered', units: ['A1', 'A2'] } } as const
/** Far more than a start or a restart takes, also where many programs run. */
export const WITHIN_MS = 300_000

interface Embedded {
  readonly baseDir: string
  readonly site: Site
  /** What makes an engine of the site use the data directory. */
  readonly env: Readonly<Record<string, string>>
}

/** A data directory with a region in it, and no server that runs. */
export async function embedded(t: TestContext): Promise<Embedded> {
  const baseDir = await baseDirWithCluster()
  const endings: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const end of endings.reverse()) await end()
    await stopServerIn(baseDir)
    await rm(baseDir, { recursive: true, force: true })
  })
  const server = await startEmbeddedPostgres({ baseDir, log: () => undefined })
  endings.push(() => server.stop())
  const site = await Site.make({ after: end => endings.push(end) }, AKL, server.url)
  await server.stop()
  return { baseDir, site, env: { DATABASE_URL: '', GOLDENHOUR_DATA_DIR: baseDir } }
}

/** Who holds the data directory, as `Holder` has it. */
export const holds = async (baseDir: string) => (await lookAtHolder(path.join(baseDir, 'data'))).kind

export async function endsInOrder(engine: EngineProcess): Promise<void> {
  engine.signal('SIGTERM')
  assert.deepEqual(await engine.exited, { code: 0, signal: null }, engine.stderr)
}
