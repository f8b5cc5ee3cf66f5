/** A disk without room: where the tables of the log grow, or where the write-ahead log does. Both lie on a small tmpfs then. */
import { execFile } from 'node:child_process'
import { readdir, rename, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { happens, mustHappen } from '../wait.ts'
import { SmallDisk, whyNoSmallDisk } from '../world/small-disk.ts'
import { MODES, type World } from '../world/world.ts'
import { between, type Fault, over } from './fault.ts'

const run = promisify(execFile)

const MB = 1_024 * 1_024
const WAL_SEGMENT_MB = 16
const TABLES = ['log.records', 'location.segments']
const TABLESPACE = 'small_disk'
const CLIENTS_LIMIT_MS = 60_000
const GIVES_UP_LIMIT_MS = 20_000

export const diskFullTable: Fault = {
  name: 'disk-full-table',
  summary: 'no room where the tables of the log and of fixes must grow, for some seconds',
  modes: MODES,
  cannot: whyNoSmallDisk,
  async run({ world, random }) {
    const { postgres } = world
    const [size] = await postgres.query<{ bytes: string }>(
      `SELECT sum(pg_table_size(name::regclass))::text AS bytes FROM unnest(ARRAY['${TABLES.join("','")}']) AS name`,
    )
    const megabytes = Math.ceil(Number(size!.bytes) / MB) + 8
    const disk = await SmallDisk.mount(path.join(world.dir, 'table-disk'), megabytes, postgres.owner)
    try {
      await postgres.query(`CREATE TABLESPACE ${TABLESPACE} LOCATION '${disk.dir}'`)
      await moveTables(world, TABLESPACE)
      await disk.fill()
      await sleep(between(random, 3_000, 8_000))
    } finally {
      await disk.free()
    }
    const report = over('tables')
    return {
      ...report,
      restore: async () => {
        await postgres.start()
        await moveTables(world, 'pg_default')
        await postgres.query(`DROP TABLESPACE ${TABLESPACE}`)
        await disk.unmount()
      },
    }
  },
}

export const diskFullWal: Fault = {
  name: 'disk-full-wal',
  summary: 'no room where the write-ahead log must grow: Postgres ends itself, and is to be started when there is room',
  modes: ['embedded'],
  cannot: whyNoSmallDisk,
  async run({ world, load, random }) {
    const { postgres } = world
    const home = path.join(postgres.dataDir, 'pg_wal')
    await postgres.query('CHECKPOINT', 30_000)
    await withoutServers(world)
    const megabytes = ((await readdir(home)).length + 4) * WAL_SEGMENT_MB
    const disk = await SmallDisk.mount(path.join(world.dir, 'wal-disk'), megabytes, postgres.owner)
    const away = path.join(disk.dir, 'pg_wal')
    const restore = async () => {
      await disk.free()
      await withoutServers(world)
      await moveDirectory(away, `${home}.back`)
      await rm(home)
      await rename(`${home}.back`, home)
      await disk.unmount()
    }
    await moveDirectory(home, away)
    await symlink(away, home)
    await world.startEngine()
    await mustHappen('The return of all clients', () => load.allOpen, CLIENTS_LIMIT_MS)
    await disk.fill()
    const fromMs = performance.now()
    await exhaustWal(world)
    // It tries to recover on the full disk, and gives up; mostly there is room again only after that.
    const givesUp = random() < 0.75
    if (givesUp) await happens(() => postgres.pids().length === 0, GIVES_UP_LIMIT_MS)
    await sleep(between(random, 500, 3_000))
    await disk.free()
    const report = over(givesUp ? 'until Postgres gave up' : 'while Postgres recovers')
    await happens(() => postgres.answers(), 20_000)
    return { ...report, down: { fromMs, toMs: performance.now() }, restore }
  },
}

/** Takes a lock that the engine's statements must give way to, for as long as copying a few megabytes takes. */
async function moveTables(world: World, tablespace: string): Promise<void> {
  const client = await world.postgres.connect(60_000)
  try {
    for (const table of TABLES) await client.query(`ALTER TABLE ${table} SET TABLESPACE ${tablespace}`)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Uses up the segments that are there, until the server needs one that the disk has no room for. */
async function exhaustWal(world: World): Promise<void> {
  for (let segment = 0; segment < 500; segment++) {
    try {
      await world.postgres.query(`SELECT pg_logical_emit_message(true, 'torture', 'x'), pg_switch_wal()`, 5_000)
    } catch {
      return
    }
  }
  throw new Error('Postgres found room for its write-ahead log on a full disk.')
}

async function withoutServers(world: World): Promise<void> {
  await world.stopEngines()
  await world.postgres.stop()
}

/** Over the borders of file systems, with owners and modes. */
async function moveDirectory(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to])
  await rm(from, { recursive: true })
}
