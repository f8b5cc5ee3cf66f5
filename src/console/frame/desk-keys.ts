/** The keys that work wherever the focus is, but in a field that takes text. */
import { PRIORITIES } from '../../client/index.ts'
import { unitLookedAt } from '../radio/radio-steps.ts'
import type { Shift } from '../shift.ts'

/** What the board shows. */
export type Tab = 'trips' | 'units' | 'log'

interface DeskActions {
  readonly help: () => void
  readonly closeHelp: () => void
  readonly tab: (tab: Tab) => void
  readonly focus: (selector: string) => void
  readonly theme: () => void
  /** The next of the board's views. */
  readonly view: () => void
  readonly priority: (priority: number) => void
  readonly press: (selector: string) => void
  readonly office: () => void
}

export function deskKeys(shift: Shift, actions: DeskActions): (event: KeyboardEvent) => void {
  const keys: Readonly<Record<string, () => void>> = {
    n: () => shift.open({ is: 'call' }),
    j: () => step(shift, 1),
    k: () => step(shift, -1),
    a: () => acknowledgeFirst(shift),
    t: () => actions.tab('trips'),
    u: () => actions.tab('units'),
    l: () => actions.tab('log'),
    c: () => shift.coverage.turn(!shift.coverage.isOn),
    g: () => actions.view(),
    ...Object.fromEntries(PRIORITIES.map(priority => [String(priority), () => actions.priority(priority)])),
    m: () => actions.focus('.maplibregl-canvas'),
    d: () => actions.theme(),
    f: () => actions.press('.map-buttons .fit'),
    r: () => shift.open({ is: 'radio', unitId: unitLookedAt(shift) }),
    o: () => actions.office(),
    '/': () => actions.focus('.filter'),
    '?': () => actions.help(),
  }
  return event => {
    if (event.key === 'Escape') {
      actions.closeHelp()
      if (takesText(event.target) && event.target instanceof HTMLElement && event.target.matches('.filter'))
        event.target.blur()
      else shift.open({ is: 'none' })
      return
    }
    if (event.ctrlKey || event.altKey || event.metaKey || takesText(event.target)) return
    // They are what a crew says while one is on the radio.
    if (shift.panel.is === 'radio' && /^\d$/.test(event.key)) return
    const run = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (run === undefined) return
    event.preventDefault()
    run()
  }
}

function takesText(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]')
}

/** To the next trip of the board, or the one before. */
function step(shift: Shift, by: number): void {
  const trips = shift.tripsInOrder()
  if (trips.length === 0) return
  const at = trips.findIndex(({ tripId }) => tripId === shift.selectedTripId)
  const next = at < 0 ? (by > 0 ? 0 : trips.length - 1) : (at + by + trips.length) % trips.length
  shift.open({ is: 'trip', tripId: trips[next]!.tripId })
}

function acknowledgeFirst(shift: Shift): void {
  const alarm = shift.alarmsInOrder().find(({ acknowledgedBy }) => acknowledgedBy === null)
  if (alarm !== undefined) void shift.acknowledge(alarm)
}
