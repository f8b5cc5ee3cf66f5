/** A process that puts on the load, so that its work is not taken for the engine's; spoken to by typed messages. */
import { type ChildProcess, fork } from 'node:child_process'
import { atEnd } from './clean-up.ts'

/** What every such process may tell besides its own messages. */
export interface Failed {
  readonly type: 'failed'
  readonly message: string
}

export class LoadChild<To extends { readonly type: string }, From extends { readonly type: string }> {
  readonly #process: ChildProcess
  #heard: (From | Failed)[] = []
  #wake: () => void = () => undefined
  #ended = false

  constructor(file: string) {
    this.#process = fork(file, { serialization: 'advanced' })
    atEnd(() => this.end())
    this.#process.on('message', (message: From | Failed) => {
      this.#heard.push(message)
      this.#wake()
    })
    this.#process.on('exit', () => {
      this.#ended = true
      this.#wake()
    })
  }

  send(message: To): void {
    this.#process.send(message)
  }

  /** The next message, which must be of this type. Errors: Error when it is another, or the process has ended. */
  async heard<Type extends From['type']>(type: Type): Promise<Extract<From, { type: Type }>> {
    while (this.#heard.length === 0) {
      if (this.#ended) throw new Error('The process that puts on the load has ended.')
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    const message = this.#heard.shift()!
    if (message.type === 'failed') throw new Error((message as Failed).message)
    if (message.type !== type) throw new Error(`The load told ${message.type}, not ${type}.`)
    return message as Extract<From, { type: Type }>
  }

  async end(): Promise<void> {
    if (this.#ended) return
    const exited = new Promise(resolve => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await exited
  }
}

/** The other end: takes each message of the parent, and tells it when one of them failed. */
export function serveParent<To extends { readonly type: string }>(take: (message: To) => Promise<void> | void): void {
  process.on('message', (message: To) => {
    void (async () => take(message))().catch(error =>
      tellParent<Failed>({ type: 'failed', message: (error as Error).message }),
    )
  })
  // Without its parent there is nobody to report to.
  process.on('disconnect', () => process.exit(1))
}

export function tellParent<From extends { readonly type: string }>(message: From): void {
  process.send!(message)
}
