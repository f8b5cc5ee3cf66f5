/** Keeps the screen on while the crew is on duty, where the browser can. */

export class ScreenAwake {
  #isWanted = false
  #lock: WakeLockSentinel | null = null

  constructor() {
    document.addEventListener('visibilitychange', this.#ask)
  }

  get isOffered(): boolean {
    return 'wakeLock' in navigator
  }

  want(isWanted: boolean): void {
    if (isWanted === this.#isWanted) return
    this.#isWanted = isWanted
    if (isWanted) this.#ask()
    else this.#let()
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#ask)
    this.want(false)
  }

  /** The browser takes it away whenever the page goes out of sight. */
  readonly #ask = (): void => {
    const isHeld = this.#lock !== null && !this.#lock.released
    if (!this.#isWanted || !this.isOffered || isHeld || document.visibilityState !== 'visible') return
    navigator.wakeLock.request('screen').then(
      lock => {
        this.#lock = lock
        if (!this.#isWanted) this.#let()
      },
      // A phone whose battery is low says no, and the screen goes by its own setting.
      () => undefined,
    )
  }

  #let(): void {
    void this.#lock?.release().catch(() => undefined)
    this.#lock = null
  }
}
