/** Sound and vibration for what a crew must not miss. */
import { Chime } from '../chime.ts'
import { Topic } from '../topic.ts'
import { crewKept } from './crew-kept.ts'

export class CallAlert {
  readonly changes = new Topic()
  readonly #chime = new Chime()
  #isOn = crewKept.sound()

  constructor() {
    this.#chime.changes.on(() => this.changes.tell())
  }

  get isOn(): boolean {
    return this.#isOn
  }
  /** Whether it would be heard now. */
  get isReady(): boolean {
    return this.#chime.isReady
  }

  turn(isOn: boolean): void {
    this.#isOn = isOn
    crewKept.keepSound(isOn)
    if (isOn) this.ring()
    this.changes.tell()
  }

  ring(): void {
    if (!this.#isOn) return
    navigator.vibrate?.([300, 100, 300])
    this.#chime.play()
  }

  close(): void {
    this.#chime.close()
  }
}
