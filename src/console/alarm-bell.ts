/** Tells a dispatcher of a new alarm beside the board, if that was chosen: by a sound, and by a notification while the page is not in sight. */
import type { AlarmView } from '../client/index.ts'
import { Chime } from './chime.ts'
import { kept, type TellBy } from './kept.ts'
import { every } from './passing-time.ts'
import { t } from './strings.ts'
import { Topic } from './topic.ts'

interface BellPorts {
  /** Null while the board is not known. */
  readonly alarms: () => readonly AlarmView[] | null
  readonly nowMs: () => number
  /** Nothing of a patient: it may be shown on a locked screen. */
  readonly said: (alarm: AlarmView) => string
}

/** One that was put aside comes back by the passing of time alone. */
const LOOK_EVERY_MS = 2_000

export class AlarmBell {
  readonly changes = new Topic()
  readonly #ports: BellPorts
  readonly #chime = new Chime()
  readonly #stop: () => void
  #tellBy = kept.tellBy()
  #loud: ReadonlySet<string> | null = null

  constructor(ports: BellPorts) {
    this.#ports = ports
    this.#stop = every(LOOK_EVERY_MS, () => this.look())
    this.#chime.changes.on(() => this.changes.tell())
  }

  get tellBy(): TellBy {
    return this.#tellBy
  }
  /** Whether what was chosen can be had now; a browser asks for both. */
  get isHindered(): { readonly sound: boolean; readonly notification: boolean } {
    const { sound, notification } = this.#tellBy
    return { sound: sound && !this.#chime.isReady, notification: notification && permission() !== 'granted' }
  }

  async choose(change: Partial<TellBy>): Promise<void> {
    this.#tellBy = { ...this.#tellBy, ...change }
    kept.keepTellBy(this.#tellBy)
    if (change.sound === true) this.#chime.play()
    this.changes.tell()
    if (change.notification !== true || permission() !== 'default') return
    await Notification.requestPermission().catch(() => undefined)
    this.changes.tell()
  }

  /** Tells of the alarms that nobody answers for since the last look. */
  look(): void {
    const alarms = this.#ports.alarms()
    if (alarms === null) return
    const nowMs = this.#ports.nowMs()
    const loud = alarms.filter(each => each.acknowledgedBy === null && (each.shelvedUntilMs ?? 0) <= nowMs)
    const before = this.#loud
    this.#loud = new Set(loud.map(({ alarmId }) => alarmId))
    // Those that stood when the page was opened are on the board.
    if (before === null) return
    const fresh = loud.filter(({ alarmId }) => !before.has(alarmId))
    if (fresh.length === 0) return
    if (this.#tellBy.sound) this.#chime.play()
    if (this.#tellBy.notification && document.hidden && permission() === 'granted')
      for (const each of fresh.slice(0, 3)) this.#show(each)
  }

  close(): void {
    this.#stop()
    this.#chime.close()
  }

  #show(alarm: AlarmView): void {
    const shown = new Notification(t.product, { body: this.#ports.said(alarm), tag: alarm.alarmId })
    shown.onclick = () => {
      window.focus()
      shown.close()
    }
  }
}

const permission = (): NotificationPermission => ('Notification' in globalThis ? Notification.permission : 'denied')
