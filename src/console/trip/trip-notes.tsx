/** What was said of the call: notes that stay as they were written, and a field for the next one. */
import { useState } from 'preact/hooks'
import type { TripView } from '../../client/index.ts'
import { timeOfDay } from '../format.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'

interface NotesProps {
  readonly shift: Shift
  readonly trip: TripView
}

export function TripNotes({ shift, trip }: NotesProps) {
  const [text, setText] = useState('')
  const { callId, notes = [], notesRead } = trip
  const add = async () => {
    if (text.trim() === '') return
    const added = await shift.tryTo(t.trip.addNote, () => shift.client.addNote(callId, text.trim()))
    if (added !== null) setText('')
  }
  return (
    <section aria-labelledby="notes">
      <h3 id="notes">{t.trip.notes}</h3>
      <ul class="notes">
        {notes.map(({ noteNo, by, unitId, atMs, corrects, text: said }) => (
          <li key={noteNo}>
            <small class="quiet">
              <time class="figures">{timeOfDay(atMs, shift.info.timeZone)}</time>{' '}
              {unitId === null ? by : shift.callSign(unitId)}
              {corrects !== null && ` · ${t.trip.correctsNote(corrects)}`}
            </small>
            <p>{said ?? '—'}</p>
          </li>
        ))}
      </ul>
      {notesRead !== undefined && (
        <p class="quiet">{t.trip.readUpTo(shift.callSign(notesRead.unitId), notesRead.noteNo)}</p>
      )}
      <label>
        <span class="hidden">{t.trip.addNote}</span>
        <textarea
          name="note"
          rows={2}
          maxLength={2_000}
          placeholder={t.trip.noteHint}
          value={text}
          onInput={event => setText(event.currentTarget.value)}
          onKeyDown={event => {
            if (event.key !== 'Enter' || !event.ctrlKey) return
            event.preventDefault()
            void add()
          }}
        />
      </label>
      <button type="button" disabled={text.trim() === ''} onClick={() => void add()}>
        {t.trip.addNote}
      </button>
    </section>
  )
}
