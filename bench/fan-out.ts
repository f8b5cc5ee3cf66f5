/**
 * What one tile frame to many consoles costs: uWebSockets.js' own topics against the engine's loop of sends.
 *
 * One process sends the same frames in both ways, in turn, to the same sockets, which another process reads. Each round
 * is what a quarter of a second brings: a frame of every tile to every console. The loop is the engine's `Connection`
 * with its look at how far behind the client is; topics have no such look, and no way to leave out one subscriber.
 */

import type { us_listen_socket, WebSocket } from 'uWebSockets.js'
import { fileURLToPath } from 'node:url'
import type { SharedFrame } from '../src/actors/region-handle.ts'
import { Connection } from '../src/gateway/connection.ts'
import { loadUws } from '../src/gateway/transport/uws.ts'
import { encodeServer } from '../src/protocol/codec.ts'
import { messageOf } from '../src/protocol/encode.ts'
import { DEFAULT_LIMITS } from '../src/protocol/limits.ts'
import type { Told } from '../src/protocol/told.ts'
import type { TileUnit } from '../src/protocol/wire/tile-tuples.ts'
import { Metrics } from '../src/telemetry/metrics.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { defineBench, type Outcome } from './bench.ts'
import { atEnd } from './clean-up.ts'
import type { FromReaders, ToReaders } from './fan-out-readers.ts'
import { unitIdOf } from './fleet.ts'
import { LoadChild } from './load-child.ts'

const READERS = fileURLToPath(new URL('./fan-out-readers.ts', import.meta.url))
/** Rounds follow each other this quickly, so that a run is short and the sockets still drain. */
const ROUND_EVERY_MS = 50

const options = {
  consoles: { kind: 'number', what: 'consoles, one socket each', initial: 50, min: 1, max: 5_000 },
  tiles: { kind: 'number', what: 'tiles that every console watches', initial: 20, min: 1, max: 256 },
  units: { kind: 'number', what: 'units in one frame', initial: 10, min: 0, max: 10_000 },
  rounds: { kind: 'number', what: 'rounds of one run', initial: 100, quick: 20, min: 1, max: 100_000 },
  runs: { kind: 'number', what: 'runs of each kind, in turn', initial: 5, quick: 2, min: 1, max: 100 },
} as const

export const fanOutBench = defineBench({
  name: 'fan-out',
  summary: "tile frames to many consoles: uWebSockets.js' topics against the engine's own loop",
  options,
  run,
})

interface Client {
  connection: Connection | null
}

async function run(values: ValuesOf<typeof options>): Promise<Outcome> {
  const { consoles, tiles, units, rounds, runs } = values
  const uws = loadUws()
  const app = uws.App()
  const connections = new Set<Connection>()
  const context = {
    metrics: new Metrics(),
    door: { limits: DEFAULT_LIMITS },
  } as unknown as ConstructorParameters<typeof Connection>[3]
  app.ws<Client>('/*', {
    maxBackpressure: DEFAULT_LIMITS.backpressureBytes,
    upgrade: (res, req, socket) =>
      res.upgrade<Client>({ connection: null }, req.getHeader('sec-websocket-key'), '', '', socket),
    open(ws) {
      const connection = new Connection(ws as WebSocket<unknown>, 'binary', '127.0.0.1', context)
      ws.getUserData().connection = connection
      connections.add(connection)
      for (let tile = 0; tile < tiles; tile++) ws.subscribe(`tile/${tile}`)
    },
    drain: ws => ws.getUserData().connection?.drained(),
    close(ws) {
      const { connection } = ws.getUserData()
      connection?.detach()
      connections.delete(connection!)
    },
  })
  const listening = await new Promise<us_listen_socket>((resolve, reject) => {
    app.listen('127.0.0.1', 0, socket =>
      socket === false ? reject(new Error('No port to listen on.')) : resolve(socket),
    )
  })
  atEnd(() => app.close())
  const readers = new LoadChild<ToReaders, FromReaders>(READERS)
  readers.send({ type: 'connect', port: uws.us_socket_local_port(listening), consoles })
  await readers.heard('connected')

  let seq = 0
  const messages = () => Array.from({ length: tiles }, (_, tile) => tileMoves(tile, ++seq, units))
  const kinds = {
    loop: () => {
      for (const told of messages()) {
        const frame: SharedFrame = { told, encoded: {} }
        for (const connection of connections) if (!connection.isBehind) connection.sendShared(frame)
      }
    },
    topics: () => {
      for (const [tile, told] of messages().entries()) {
        app.publish(`tile/${tile}`, encodeServer(messageOf(told), 'binary') as Uint8Array, true)
      }
    },
    encode: () => {
      for (const told of messages()) encodeServer(messageOf(told), 'binary')
    },
  }
  const cpuUs: Record<keyof typeof kinds, number[]> = { loop: [], topics: [], encode: [] }
  for (let each = 0; each <= runs; each++) {
    for (const kind of ['loop', 'topics', 'encode'] as const) {
      const us = await cpuOf(rounds, kinds[kind])
      // The first of each warms up.
      if (each > 0) cpuUs[kind].push(us / rounds)
    }
  }
  readers.send({ type: 'count' })
  const { frames } = await readers.heard('counted')
  const expected = 2 * (runs + 1) * rounds * tiles * consoles
  const perFrame = (us: number[]) => median(us) / (tiles * consoles)
  const ratios = cpuUs.loop.map((loop, i) => loop / cpuUs.topics[i]!)
  return {
    valid: frames === expected,
    settings: { consoles, tiles, units, rounds, runs, roundEveryMs: ROUND_EVERY_MS },
    figures: {
      frameBytes: (encodeServer(messageOf(tileMoves(0, seq, units)), 'binary') as Uint8Array).length,
      loopCpuUsPerRound: median(cpuUs.loop),
      topicsCpuUsPerRound: median(cpuUs.topics),
      encodeCpuUsPerRound: median(cpuUs.encode),
      loopCpuUsPerSend: perFrame(cpuUs.loop),
      topicsCpuUsPerSend: perFrame(cpuUs.topics),
      loopToTopicsRatio: median(ratios),
      loopToTopicsRatioMin: Math.min(...ratios),
      loopToTopicsRatioMax: Math.max(...ratios),
    },
    complaints: frames === expected ? [] : [`${frames} frames arrived, ${expected} were sent.`],
  }
}

/** Process CPU of so many rounds, microseconds, the idle time between them not counted. */
async function cpuOf(rounds: number, round: () => void): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < rounds; i++) {
    round()
    await new Promise(resolve => setTimeout(resolve, ROUND_EVERY_MS))
  }
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function tileMoves(tile: number, seq: number, count: number): Told {
  const units = Array.from({ length: count }, (_, i): TileUnit => {
    return [unitIdOf(tile * 1_000 + i), 1_747_600_000 + seq, -368_500_000 - i, 250, 1_234, 905, 'available', 'als']
  })
  return { type: 'tile-moves', tile: `12/4036/${tile}`, frameNo: seq, atMs: 1_767_225_600_000 + seq, units, gone: [] }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}
