/** Follows the board on a connection: asks for it, goes on after a loss from where it was, and starts over if it must. */
import { BoardFeed, type BoardHandler } from './board-feed.ts'
import type { Commands } from './commands.ts'
import type { EngineConnection } from './connection.ts'
import { ClientFault } from './errors.ts'

const ABOUT = 'board'

export class BoardReceiver {
  readonly #connection: EngineConnection
  readonly #commands: Commands
  #board: BoardFeed | null = null

  constructor(connection: EngineConnection, commands: Commands) {
    this.#connection = connection
    this.#commands = commands
    connection.on('opened', () => {
      if (this.#board !== null) this.#ask(this.#board)
    })
    connection.on('board', (...part) => {
      if (this.#board === null || this.#board.part(part)) return
      throw new ClientFault('bad-server-data', 'The parts of a board snapshot do not fit together.')
    })
    connection.on('board-events', (...record) => this.#board?.events(record))
    connection.on('freshness', (...told) => this.#board?.freshness(told))
    connection.on('lost', () => this.#board?.interrupted())
    connection.on('ended', () => {
      this.#board = null
    })
  }

  /** Position of the last record seen; null while the board is not watched. */
  get position(): number | null {
    return this.#board?.position ?? null
  }
  /** Records that came again or out of order, and were left out. */
  get duplicates(): number {
    return this.#board?.duplicates ?? 0
  }

  /** Output: call it to stop. Errors: throws while another watch goes on. */
  start(handler: BoardHandler): () => void {
    if (this.#board !== null) throw new Error('This client watches the board already; stop that watch first.')
    const board = new BoardFeed(handler)
    this.#board = board
    if (this.#connection.isOpen) this.#ask(board)
    return () => {
      if (this.#board !== board) return
      this.#board = null
      if (this.#connection.isOpen) this.#commands.askInstead(ABOUT, id => ['unwatch-board', id])
    }
  }

  #ask(board: BoardFeed): void {
    this.#commands.askInstead(ABOUT, id => ['watch-board', id, board.position], {
      refused: ({ code }) => {
        if (this.#board !== board) return
        // The log was restored to an earlier state; what the console shows is not what stands.
        if (code !== 'position-ahead' || board.position === null) return
        board.reset()
        this.#ask(board)
      },
    })
  }
}
