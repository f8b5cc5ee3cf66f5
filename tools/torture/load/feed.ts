/** A feed: the fixes of several units over one connection. */
import { connect, type FeedClient } from '../../../src/client/index.ts'
import { type DroppableSocket, droppableSocket } from '../../shared/droppable-socket.ts'
import { REGION } from '../world/fleet.ts'
import type { FixAccount, FixLog } from './fix-log.ts'
import type { LoadWorld } from './load.ts'

const FIX_EVERY_MS = 1_000

export class Feed {
  readonly client: FeedClient
  readonly #world: LoadWorld
  readonly #fixes: readonly FixLog[]
  readonly #socket: DroppableSocket = droppableSocket()
  readonly #timer: NodeJS.Timeout
  readonly #detached = new Set<string>()
  #ended = false

  constructor(world: LoadWorld, token: string, format: 'binary' | 'json', fixes: readonly FixLog[]) {
    this.#world = world
    this.#fixes = fixes
    this.client = connect({
      url: world.url,
      region: REGION,
      role: 'feed',
      token: () => Promise.resolve(token),
      format,
      webSocket: this.#socket.socketClass,
    })
    this.client.attach(fixes.map(({ unitId }) => unitId))
    this.client.onDetached(({ unitId, code }) => {
      world.log.ended.push(`unit ${unitId} of a feed was detached: ${code}`)
      this.#detached.add(unitId)
    })
    this.client.onClosed(end => {
      if (end.reason !== 'closed') world.log.ended.push(`a feed (${format}): ${end.message}`)
      this.#ended = true
    })
    this.#timer = setInterval(() => this.#send(), FIX_EVERY_MS)
  }

  get hasEnded(): boolean {
    return this.#ended
  }
  get accounts(): FixAccount[] {
    return this.#fixes.map(log => ({
      log,
      durable: () => {
        const progress = this.client.progress(log.unitId)
        return { streamId: progress?.streamId ?? '', seq: progress?.durableSeq ?? 0 }
      },
    }))
  }

  drop(): void {
    this.#socket.drop()
  }

  close(): void {
    clearInterval(this.#timer)
    this.client.close()
  }

  #send(): void {
    if (this.#ended) return
    for (const fixes of this.#fixes) {
      const { unitId } = fixes
      if (this.#detached.has(unitId)) continue
      const { n, lonDeg, latDeg } = fixes.next()
      const trueAtMs = Date.now()
      const streamId = this.client.progress(unitId)?.streamId ?? ''
      const seq = this.client.send(unitId, { lonDeg, latDeg, fixedAtMs: trueAtMs })
      fixes.sent({ n, streamId, seq, trueAtMs, clocksRight: this.#world.clocksRight() })
    }
  }
}
