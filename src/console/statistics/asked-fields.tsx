/** Of which time, and by which contract. */
import type { AskedStatistics } from './asked.ts'
import { s } from './statistics-strings.ts'

interface AskedFieldsProps {
  readonly asked: AskedStatistics
  readonly set: (change: Partial<AskedStatistics>) => void
  readonly isBusy: boolean
  readonly show: () => void
}

export function AskedFields({ asked, set, isBusy, show }: AskedFieldsProps) {
  const typed = (name: 'limit' | 'percent' | 'priorities', label: string, hint = '') => (
    <label>
      {label}
      <input
        type="text"
        autocomplete="off"
        {...{ name, placeholder: hint, value: asked[name] }}
        onInput={event => set({ [name]: event.currentTarget.value })}
      />
    </label>
  )
  const chosen = <Name extends 'window' | 'start' | 'rounding' | 'counts' | 'cancelled'>(
    name: Name,
    label: string,
    choices: Readonly<Record<string, string>>,
  ) => (
    <label>
      {label}
      <select name={name} value={asked[name]} onChange={event => set({ [name]: event.currentTarget.value })}>
        {Object.entries(choices).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
  const moment = (name: 'from' | 'to', label: string) => (
    <label>
      {label}
      <input
        type="datetime-local"
        name={name}
        value={asked[name]}
        onInput={event => set({ [name]: event.currentTarget.value })}
      />
    </label>
  )
  return (
    <form
      class="row asked"
      noValidate
      onSubmit={event => {
        event.preventDefault()
        show()
      }}
    >
      {chosen('window', s.window, s.windows)}
      {asked.window === 'own' && moment('from', s.from)}
      {asked.window === 'own' && moment('to', s.to)}
      {typed('limit', s.limit, s.limitHint)}
      {typed('percent', s.percent)}
      {typed('priorities', s.priorities, s.prioritiesHint)}
      {chosen('start', s.start, s.starts)}
      {chosen('rounding', s.rounding, s.roundings)}
      {chosen('counts', s.counts, s.countsOf)}
      {chosen('cancelled', s.cancelled, s.cancelledAre)}
      <button type="submit" class="primary" disabled={isBusy}>
        {isBusy ? s.making : s.show}
      </button>
    </form>
  )
}
