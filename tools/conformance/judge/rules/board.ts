/** What a console is told comes in order and without a gap: the records of the board, and the frames of a tile. */
import type { Connection, Message, Rules } from '../connection.ts'
import type { Verdicts } from '../verdicts.ts'

export class Board implements Rules {
  readonly #verdicts: Verdicts
  readonly #positions = new Map<Connection, number>()
  readonly #frames = new Map<Connection, Map<string, number>>()

  constructor(verdicts: Verdicts) {
    this.#verdicts = verdicts
  }

  onServer({ connection, type, fields, line }: Message): void {
    if (type === 'board') this.#positions.set(connection, fields[0] as number)
    if (type === 'board-events') this.#record(connection, fields[0] as number, line)
    if (type === 'tile') this.#framesOf(connection).set(fields[0] as string, fields[2] as number)
    if (type === 'tile-moves') this.#moves(connection, fields[0] as string, fields[1] as number, line)
  }

  #record(connection: Connection, position: number, line: number): void {
    const last = this.#positions.get(connection)
    if (last !== undefined && position > last + 1) {
      this.#verdicts.server('BD-3', line, `record ${position} of the board, behind ${last}`)
    } else this.#verdicts.kept('BD-3')
    this.#positions.set(connection, Math.max(last ?? 0, position))
  }

  #moves(connection: Connection, tile: string, frameNo: number, line: number): void {
    const frames = this.#framesOf(connection)
    const last = frames.get(tile)
    if (last !== undefined && frameNo > last + 1) {
      this.#verdicts.server('TL-4', line, `frame ${frameNo} of ${tile}, behind ${last}`)
    } else this.#verdicts.kept('TL-4')
    frames.set(tile, Math.max(last ?? 0, frameNo))
  }

  #framesOf(connection: Connection): Map<string, number> {
    const frames = this.#frames.get(connection) ?? new Map<string, number>()
    this.#frames.set(connection, frames)
    return frames
  }
}
