/** The order of a connection: hello first and once, nothing before the welcome, and only what the role may send. */
import type { Message, Rules } from '../connection.ts'
import type { Protocol } from '../protocol.ts'
import type { Verdicts } from '../verdicts.ts'

export class Handshake implements Rules {
  readonly #protocol: Protocol
  readonly #verdicts: Verdicts

  constructor(protocol: Protocol, verdicts: Verdicts) {
    this.#protocol = protocol
    this.#verdicts = verdicts
  }

  onClient({ connection, type, line, bytes }: Message): void {
    const { welcome, role } = connection
    if (type === 'hello') {
      if (welcome !== null) this.#verdicts.client('HS-1', line, 'a second hello')
    } else if (welcome === null) {
      const what = connection.hello === null ? 'before hello' : 'before the welcome'
      this.#verdicts.client('HS-1', line, `${type} ${what}`)
    } else this.#verdicts.kept('HS-1')
    if (role !== null && type !== 'hello') {
      if (this.#protocol.rolesOf(type).includes(role)) this.#verdicts.kept('HS-2')
      else this.#verdicts.client('HS-2', line, `a ${role} may not send ${type}`)
    }
    const most = welcome?.limits.frameBytes ?? this.#protocol.catalogue.defaultLimits.frameBytes.driver!
    if (bytes > most) this.#verdicts.client('LM-1', line, `a frame of ${bytes} bytes, where ${most} are allowed`)
    else this.#verdicts.kept('LM-1')
  }

  onServer({ connection, type, fields, line }: Message): void {
    if (type !== 'welcome') return
    const { hello, welcome } = connection
    if (hello === null || fields[0] !== hello.id)
      return this.#verdicts.server('HS-7', line, 'a welcome to no hello of this connection')
    const named = hello.streams.map(([streamId]) => streamId)
    const told = welcome!.streams.map(([streamId]) => streamId)
    if (JSON.stringify(named) === JSON.stringify(told)) this.#verdicts.kept('HS-7')
    else this.#verdicts.server('HS-7', line, `marks of ${told.join(', ')} for the streams ${named.join(', ')}`)
  }
}
