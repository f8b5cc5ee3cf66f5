/**
 * Those whom nothing should slow, in a process of their own: crews that send a fix and a command every second, and a console that
 * looks at the tile on which they are.
 */

import { build, type Histogram } from 'hdr-histogram-js'
import { tileAt } from '../src/protocol/tiles.ts'
import { Bystanders, type Delays, STAND } from './bystanders.ts'
import { serveParent, tellParent } from './load-child.ts'
import { RawSocket } from './raw-socket.ts'
import { REGION } from './region.ts'

export type ToWatch =
  | {
      readonly type: 'begin'
      readonly port: number
      readonly unitIds: readonly string[]
      readonly tokens: readonly string[]
      readonly consoleToken: string
    }
  /** Begins to measure anew. */
  | { readonly type: 'measure' }
  | { readonly type: 'report' }

export interface WatchReport extends Delays {
  readonly frameP50Ms: number
  readonly frameP99Ms: number
  /** Fixes that were seen on the map. */
  readonly shown: number
  /** Since the beginning. */
  readonly refusals: Readonly<Record<string, number>>
  readonly socketsLost: number
}
export type FromWatch =
  | { readonly type: 'begun' | 'measuring' }
  | { readonly type: 'report'; readonly report: WatchReport }

const crews = new Bystanders()
let frames: Histogram = build({ numberOfSignificantValueDigits: 3 })
let consolesLost = 0

function look(port: number, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const tile = tileAt(12, STAND.lonDeg, STAND.latDeg)
    const socket = new RawSocket(port, {
      onOpen: () => socket.send(['hello', 'hello', token, REGION, 'dispatcher', null, Date.now(), []]),
      onMessage: message => {
        if (message[0] === 'welcome') socket.send(['watch-tiles', 'tiles', [[tile, null, null]]])
        else if (message[0] === 'reply') resolve()
        else if (message[0] === 'tile') shown(message[5])
        else if (message[0] === 'tile-moves') shown(message[4])
      },
      onEnd: why => {
        consolesLost += 1
        reject(new Error(`The console was cut off: ${why}`))
      },
    })
  })
}

function shown(units: readonly (readonly [unitId: string, lonE7: number, ...unknown[]])[]): void {
  for (const [unitId, lonE7] of units) {
    const tookMs = crews.sinceShown(unitId, lonE7)
    if (tookMs !== null) frames.recordValue(Math.round(tookMs * 1_000))
  }
}

serveParent<ToWatch>(async message => {
  if (message.type === 'begin') {
    const { port, unitIds, tokens, consoleToken } = message
    await crews.start(port, unitIds, tokens)
    await look(port, consoleToken)
    tellParent<FromWatch>({ type: 'begun' })
  } else if (message.type === 'measure') {
    crews.take()
    frames = build({ numberOfSignificantValueDigits: 3 })
    tellParent<FromWatch>({ type: 'measuring' })
  } else {
    const ofFrames = (percentile: number) => frames.getValueAtPercentile(percentile) / 1_000
    const report = {
      ...crews.take(),
      frameP50Ms: ofFrames(50),
      frameP99Ms: ofFrames(99),
      shown: frames.totalCount,
      refusals: crews.refusals,
      socketsLost: crews.socketsLost + consolesLost,
    }
    tellParent<FromWatch>({ type: 'report', report })
  }
})
