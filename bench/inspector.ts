/** A look into a running Node process through its inspector: memory that is in use after a full collection, and CPU profiles. */
import { once } from 'node:events'
import { WebSocket } from 'ws'

export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  #lastId = 0

  /** Input: the address that `--inspect` prints. Errors: those of the connection. */
  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url)
    await once(socket, 'open')
    return new Inspector(socket)
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => this.#onMessage(JSON.parse(data.toString())))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The inspected process is gone.'))
      this.#waiting.clear()
    })
  }

  /** Bytes of JavaScript objects and of the memory outside the heap that they hold, garbage not counted. */
  async liveBytes(): Promise<number> {
    // Finalizers of the first round free what only the second one can collect.
    await this.#call('HeapProfiler.collectGarbage')
    await this.#call('HeapProfiler.collectGarbage')
    return this.evaluate<number>('(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())')
  }

  /** Output: what the expression comes to there, as JSON has it. Errors: Error when it throws. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const answer = await this.#call('Runtime.evaluate', { expression, returnByValue: true })
    const { result, exceptionDetails } = answer as { result: { value: Value }; exceptionDetails?: { text: string } }
    if (exceptionDetails !== undefined) throw new Error(`In the inspected process: ${exceptionDetails.text}`)
    return result.value
  }

  async startProfile(): Promise<void> {
    await this.#call('Profiler.enable')
    await this.#call('Profiler.start')
  }

  /** The profile as `.cpuprofile` files have it. */
  async stopProfile(): Promise<unknown> {
    const { profile } = (await this.#call('Profiler.stop')) as { profile: unknown }
    await this.#call('Profiler.disable')
    return profile
  }

  close(): void {
    this.#socket.terminate()
  }

  #call(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }

  #onMessage(message: { id?: number; result?: unknown; error?: { message: string } }): void {
    if (message.id === undefined) return
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error !== undefined) waiting?.reject(new Error(message.error.message))
    else waiting?.resolve(message.result)
  }
}
