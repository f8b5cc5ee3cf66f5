/** A sound for what must not be missed, made here, so that there is no file to load. Browsers play nothing before the page was touched. */
import { Topic } from './topic.ts'

const NOTES_HZ = [880, 660, 880] as const
const NOTE_S = 0.18

export class Chime {
  /** Whether it would be heard changed. */
  readonly changes = new Topic()
  #context: AudioContext | null = null

  constructor() {
    addEventListener('pointerdown', this.#touched)
    addEventListener('keydown', this.#touched)
  }

  /** Whether it would be heard now. */
  get isReady(): boolean {
    return this.#context?.state === 'running'
  }

  play(): void {
    const context = this.#context
    if (context === null || context.state !== 'running') return
    const volume = context.createGain()
    volume.gain.value = 0.4
    volume.connect(context.destination)
    NOTES_HZ.forEach((hz, at) => {
      const note = context.createOscillator()
      note.frequency.value = hz
      note.connect(volume)
      note.start(context.currentTime + at * NOTE_S)
      note.stop(context.currentTime + (at + 1) * NOTE_S)
    })
  }

  close(): void {
    removeEventListener('pointerdown', this.#touched)
    removeEventListener('keydown', this.#touched)
    void this.#context?.close().catch(() => undefined)
  }

  readonly #touched = (): void => {
    if (this.isReady) return
    this.#context ??= new AudioContext()
    void this.#context
      .resume()
      .then(() => this.changes.tell())
      .catch(() => undefined)
  }
}
