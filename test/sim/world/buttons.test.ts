import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientClosed, type CommandOutcome, CommandRefused } from '../../../src/client/index.ts'
import { Chronicle } from '../core/chronicle.ts'
import { type Answer, Buttons } from './buttons.ts'

/** A client that notes what it is given and answers when told. */
class SlowClient {
  readonly given: string[] = []
  readonly #waiting = new Map<string, { resolve(outcome: CommandOutcome<string>): void; reject(error: Error): void }>()

  send(id: string): Promise<CommandOutcome<string>> {
    this.given.push(id)
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }
  repeat(id: string): Promise<unknown> {
    return this.send(id)
  }
  answer(id: string): void {
    this.#waiting.get(id)!.resolve({ id, position: 1, result: 'done' })
  }
  refuse(id: string): void {
    this.#waiting.get(id)!.reject(new CommandRefused(id, { code: 'wrong-phase', message: 'No.', details: null }))
  }
  close(id: string): void {
    this.#waiting.get(id)!.reject(new ClientClosed('closed', 'The client was closed.'))
  }
}

function given() {
  const chronicle = new Chronicle(() => 0, true)
  const buttons = new Buttons<SlowClient>('crew-1', chronicle)
  const client = new SlowClient()
  const press = (id: string, isKept = true) => buttons.press(client, id, 'presses', (to, same) => to.send(same), isKept)
  return { chronicle, buttons, client, press }
}

test('a refusal is an answer, and is told', async () => {
  const { client, press, chronicle, buttons } = given()
  const answer = press('1')
  client.refuse('1')
  assert.deepEqual(await answer, { ok: false, code: 'wrong-phase' })
  assert.deepEqual(
    chronicle.story!.map(({ what }) => what),
    ['presses', 'presses: wrong-phase'],
  )
  assert.equal(buttons.unansweredFor(0), 0)
})

test('what a closed app had not heard the answer of is sent by the next one under the same id', async () => {
  const { client, press, buttons } = given()
  const answer = press('1')
  client.close('1')
  await Promise.resolve()
  const next = new SlowClient()
  buttons.resend(next)
  assert.deepEqual(next.given, ['1'])
  next.answer('1')
  assert.deepEqual(await answer, { ok: true, result: 'done' } satisfies Answer<string>)
})

test('what was not kept is lost with the app, and what was kept with the disk', async () => {
  const { press, buttons } = given()
  const unkept = press('1', false)
  const kept = press('2')
  const next = new SlowClient()
  buttons.resend(next)
  assert.deepEqual(await unkept, { ok: false, code: 'lost' })
  assert.deepEqual(next.given, ['2'])
  buttons.forget()
  assert.deepEqual(await kept, { ok: false, code: 'lost' })
})

test('a button that is pressed twice has the first answer, and its second refusal hurts nobody', async () => {
  const { client, press, buttons } = given()
  const answer = press('1')
  client.answer('1')
  await answer
  buttons.repeat(client, '1')
  client.refuse('1')
  assert.deepEqual(await answer, { ok: true, result: 'done' })
})
