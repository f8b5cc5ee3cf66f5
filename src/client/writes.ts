/** What the server says of its database: whether it takes what this client sends. */
import type { WritesState } from '../protocol/wire/server-tuples.ts'
import type { Commands } from './commands.ts'
import type { EngineConnection } from './connection.ts'
import { Signal } from './signal.ts'

/**
 * Whether the engine's database takes what this client sends. While `commands` is *stalled* they are refused as
 * `unavailable`, and tried again; while `fixes` is, they are shown on maps but kept here until they can be stored.
 */
export interface Writes {
  readonly commands: WritesState
  readonly fixes: WritesState
}

const FLOWING: Writes = { commands: 'flowing', fixes: 'flowing' }

/** Until anything is said, and on each new connection, all is well. */
export class WritesWatch {
  readonly news = new Signal<[writes: Writes]>()
  #now = FLOWING

  constructor(connection: EngineConnection, commands: Commands) {
    connection.on('opened', () => {
      if (this.#now !== FLOWING) this.#become(FLOWING)
    })
    connection.on('writes', (forCommands, forFixes) => {
      const wereStalled = this.#now.commands === 'stalled'
      const isWell = forCommands === 'flowing' && forFixes === 'flowing'
      if (wereStalled && forCommands === 'flowing') commands.hurry()
      this.#become(isWell ? FLOWING : { commands: forCommands, fixes: forFixes })
    })
  }

  get now(): Writes {
    return this.#now
  }

  #become(writes: Writes): void {
    this.#now = writes
    this.news.emit(writes)
  }
}
