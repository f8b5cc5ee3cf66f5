/**
 * What others ask instead, in the same run: Redis and PostGIS for the nearest by distance, and a service for travel times over
 * HTTP, of which a stand-in on loopback answers at once. Each is started here where its Debian package is installed.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { freePort } from '../tools/shared/free-port.ts'
import { atEnd } from './clean-up.ts'

interface Place {
  readonly lonDeg: number
  readonly latDeg: number
}

export interface Peer {
  readonly figure: string
  /** Holds these units from now on. */
  fill(units: readonly (Place & { readonly unitId: string })[]): Promise<void>
  /** Asks for the k nearest to a place, or for their times. */
  ask(place: Place, k: number): Promise<number>
}

/** Those that can be started, and the names of the others. */
export async function startPeers(): Promise<{ peers: Peer[]; missing: string[] }> {
  const http = await startHttp()
  const others = { redis: await startRedis(), postgis: await startPostgis() }
  const missing = Object.entries(others)
    .filter(([, peer]) => peer === null)
    .map(([name]) => name)
  return { peers: [http, others.redis, others.postgis].filter(peer => peer !== null), missing }
}

/** Answers with as many durations as it is asked for, and computes nothing: the least that any such service takes. */
const STAND_IN = `
const { createServer } = require('node:http')
const { parentPort } = require('node:worker_threads')
const server = createServer((asked, answer) => {
  const sources = new URL(asked.url, 'http://localhost').searchParams.get('sources').split(';')
  const body = JSON.stringify({ code: 'Ok', durations: sources.map((_, index) => [60 + index]) })
  answer.writeHead(200, { 'content-type': 'application/json' }).end(body)
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`

async function startHttp(): Promise<Peer> {
  const thread = new Worker(STAND_IN, { eval: true })
  atEnd(() => thread.terminate())
  const port = await new Promise<number>(resolve => thread.once('message', resolve))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  atEnd(() => agent.destroy())
  return {
    figure: 'httpEtaP99Us',
    fill: async () => undefined,
    ask: ({ lonDeg, latDeg }, k) =>
      new Promise((resolve, reject) => {
        const sources = Array.from({ length: k }, (_, index) => index).join(';')
        const asked = request({ agent, port, host: '127.0.0.1', path: `/table/${lonDeg},${latDeg}?sources=${sources}` })
        asked.once('response', answer => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (part: string) => {
            text += part
          })
          answer.once('end', () => resolve((JSON.parse(text) as { durations: unknown[] }).durations.length))
        })
        asked.once('error', reject)
        asked.end()
      }),
  }
}

async function startRedis(): Promise<Peer | null> {
  if (!isInstalled('redis-server')) return null
  const port = await freePort()
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', args, { cwd: tmpdir(), stdio: 'ignore' })
  atEnd(() => server.kill())
  const socket = await connected(port)
  atEnd(() => socket.destroy())
  socket.setNoDelay(true)
  /** One command at a time; the answer is how many bulk strings or which number it holds. */
  const command = (...words: readonly (string | number)[]) =>
    new Promise<number>((resolve, reject) => {
      let answer = ''
      const take = (part: Buffer) => {
        answer += part.toString('latin1')
        const count = redisCount(answer)
        if (count === null) return
        socket.off('data', take)
        if (answer.startsWith('-')) reject(new Error(answer.trim()))
        else resolve(count)
      }
      socket.on('data', take)
      const texts = words.map(String)
      socket.write(`*${texts.length}\r\n${texts.map(text => `$${Buffer.byteLength(text)}\r\n${text}\r\n`).join('')}`)
    })
  return {
    figure: 'redisP99Us',
    fill: async units => {
      await command('DEL', 'units')
      for (let from = 0; from < units.length; from += 1_000) {
        const some = units.slice(from, from + 1_000)
        await command('GEOADD', 'units', ...some.flatMap(({ lonDeg, latDeg, unitId }) => [lonDeg, latDeg, unitId]))
      }
    },
    ask: ({ lonDeg, latDeg }, k) =>
      command('GEOSEARCH', 'units', 'FROMLONLAT', lonDeg, latDeg, 'BYRADIUS', 200, 'km', 'ASC', 'COUNT', k),
  }
}

/** Null while the answer is not whole. */
function redisCount(answer: string): number | null {
  const lines = answer.split('\r\n')
  if (lines.length < 2) return null
  if (!answer.startsWith('*')) return Number(lines[0]!.slice(1)) || 0
  const count = Number(lines[0]!.slice(1))
  // Each string has a line for its length and one for itself; behind the last line end there is nothing.
  return lines.length > count * 2 + 1 ? count : null
}

async function connected(port: number) {
  for (let attempt = 0; ; attempt++) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (isOpen) return socket
    if (attempt === 100) throw new Error('redis-server does not listen.')
    await sleep(50)
  }
}

async function startPostgis(): Promise<Peer | null> {
  const bin = debianPostgis()
  if (bin === null) return null
  const dir = mkdtempSync(path.join(tmpdir(), 'bench-postgis-'))
  atEnd(() => rmSync(dir, { recursive: true, force: true }))
  // Postgres refuses to run as root.
  const as = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : null
  if (as !== null) chownSync(dir, as.uid, as.gid)
  const data = path.join(dir, 'data')
  const quiet = { ...as, cwd: dir, stdio: 'ignore' } as const
  execFileSync(path.join(bin, 'initdb'), ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8'], quiet)
  const port = await freePort()
  const args = ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', dir]
  const server = spawn(path.join(bin, 'postgres'), args, quiet)
  atEnd(
    () =>
      new Promise(resolve => {
        server.once('exit', resolve)
        server.kill('SIGINT')
      }),
  )
  const client = await loggedIn(port)
  atEnd(() => client.end())
  await client.query(
    'CREATE EXTENSION postgis; CREATE TABLE units (id text, place geography(point)); CREATE INDEX ON units USING gist (place)',
  )
  return {
    figure: 'pgKnnP99Us',
    fill: async units => {
      await client.query('TRUNCATE units')
      await client.query(
        `INSERT INTO units SELECT id, ST_MakePoint(lon, lat)::geography
         FROM unnest($1::text[], $2::float8[], $3::float8[]) AS given (id, lon, lat)`,
        [units.map(({ unitId }) => unitId), units.map(({ lonDeg }) => lonDeg), units.map(({ latDeg }) => latDeg)],
      )
      await client.query('ANALYZE units')
    },
    ask: async ({ lonDeg, latDeg }, k) => {
      const text = 'SELECT id FROM units ORDER BY place <-> ST_MakePoint($1, $2)::geography LIMIT $3'
      return (await client.query({ name: 'nearest', text, values: [lonDeg, latDeg, k] })).rows.length
    },
  }
}

/** It listens before it takes anybody in. */
async function loggedIn(port: number): Promise<pg.Client> {
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'bench', database: 'postgres' })
    try {
      await client.connect()
      return client
    } catch (error) {
      if (attempt === 200) throw new Error('postgres takes nobody in.', { cause: error })
      await sleep(50)
    }
  }
}

/** Where Debian's Postgres with PostGIS has its programs; null when there is none. */
function debianPostgis(): string | null {
  const versions = existsSync('/usr/share/postgresql') ? readdirSync('/usr/share/postgresql') : []
  const version = versions.find(each => existsSync(`/usr/share/postgresql/${each}/extension/postgis.control`))
  return version === undefined ? null : `/usr/lib/postgresql/${version}/bin`
}

const idOf = (which: string): number => Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }))

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some(dir => existsSync(path.join(dir, program)))
}
