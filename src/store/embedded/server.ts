/** The server process of a cluster: asks it, starts it, stops it, and picks its port. */
import { chown, open, readFile, realpath, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Cluster, runProgram, urlOf } from './cluster.ts'
import { boundLogFile } from './log-file.ts'
import { temporarySuffix } from './postgres-binaries.ts'
import { type Holder, lookAtHolder } from './postmaster.ts'

/**
 * `here`: a server of our data directory answers. `busy`: one says that it is starting, recovering or stopping, or that
 * it is full. `silent`: nothing of ours answers.
 */
export type ServerAnswer = { readonly kind: 'here'; readonly port: number } | { readonly kind: 'busy' | 'silent' }

/**
 * The file may be a dead server's, and its port may have gone to another since, so only the answer to "where is your
 * data?" counts.
 */
export async function askWhere(cluster: Cluster, { port }: Holder): Promise<ServerAnswer> {
  if (port === null) return { kind: 'silent' }
  try {
    const [answer] = await ask<{ data_directory: string }>(cluster, port, 'SHOW data_directory')
    const isOurs = (await realpath(answer!.data_directory)) === (await realpath(cluster.dataDir))
    return isOurs ? { kind: 'here', port } : { kind: 'silent' }
  } catch (error) {
    const { code } = error as { code?: unknown }
    return { kind: code === '57P03' || code === '53300' ? 'busy' : 'silent' }
  }
}

/** Asks as the server's superuser, or at `connectionString`. Errors: those of pg. */
export async function ask<Row extends pg.QueryResultRow>(
  cluster: Cluster,
  port: number,
  sql: string,
  connectionString = urlOf(cluster, port, 'postgres'),
): Promise<Row[]> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000, query_timeout: 5_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Starts a server and waits so long until it answers. Errors: those of `execFile`, when it ended or is not ready yet. */
export async function launch(
  cluster: Cluster,
  port: number,
  settings: Readonly<Record<string, string>>,
  waitS: number,
): Promise<void> {
  const { dataDir, logFile, runAs } = cluster
  // Made here, as ours to give away: the base directory itself stays closed to the user that writes the log.
  await (await open(logFile, 'a', 0o600)).close()
  if (runAs !== null) await chown(logFile, runAs.uid, runAs.gid)
  await boundLogFile(logFile)
  const all = { ...settings, port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '' }
  const flags = Object.entries(all).map(([name, value]) => `-c ${name}=${shellQuoted(value)}`)
  await runProgram(cluster, 'pg_ctl', [
    ...['start', '-D', dataDir, '-l', logFile, '-w', '-t', String(waitS)],
    ...['-o', flags.join(' ')],
  ])
}

/**
 * Asks the server to end, and waits for its very process: another may have started the next one meanwhile.
 * Output: false when it is still writing after that time; it ends by itself. Errors: those of `execFile`.
 */
export async function requestStop(cluster: Cluster, waitMs: number): Promise<boolean> {
  const { dataDir } = cluster
  const { pid } = await lookAtHolder(dataDir)
  const isThere = async () => {
    const holder = await lookAtHolder(dataDir)
    return holder.pid === pid && (holder.kind === 'server' || holder.kind === 'unknown')
  }
  try {
    await runProgram(cluster, 'pg_ctl', ['stop', '-D', dataDir, '-m', 'fast', '-W'])
  } catch (error) {
    // It had ended by itself, or by another's hand.
    if (await isThere()) throw error
  }
  for (const giveUpAtMs = performance.now() + waitMs; await isThere(); await sleep(20)) {
    if (performance.now() > giveUpAtMs) return false
  }
  return true
}

/** Whether anybody is connected: a program that was only told the URL, an operator's psql, a backup. */
export async function isConnectedTo(cluster: Cluster, port: number): Promise<boolean> {
  const others = `SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`
  // Our own connections, closed a moment ago, are listed until their backends have ended.
  for (let attempt = 1; attempt <= 10; attempt++) {
    if ((await ask(cluster, port, others)).length === 0) return false
    await sleep(100)
  }
  return true
}

/** The end of the server's log, on one line. */
export async function endOfLog({ logFile }: Cluster): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-5).join(' | ')
}

/** The port of last time while it is free, so that an operator's notes stay true; else another. */
export async function choosePort({ portFile }: Cluster): Promise<number> {
  const kept = await keptPort(portFile)
  if (kept !== null && (await canListen(kept))) return kept
  // Below the ports that systems give to outgoing connections: while the server is down one of those may go to somebody
  // else's, or to a client of ours that tries the port and so connects to itself.
  for (let attempt = 1; attempt <= 50; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await canListen(port)) return port
  }
  return anyPort()
}

export async function keptPort(portFile: string): Promise<number | null> {
  const kept = Number(await readFile(portFile, 'utf8').catch(() => ''))
  return Number.isInteger(kept) && kept > 0 ? kept : null
}

export async function keepPort(portFile: string, port: number): Promise<void> {
  if ((await keptPort(portFile)) === port) return
  const temporary = `${portFile}.${temporarySuffix()}`
  await writeFile(temporary, `${port}\n`)
  await rename(temporary, portFile)
}

export const canListen = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })

const anyPort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })

const shellQuoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`
