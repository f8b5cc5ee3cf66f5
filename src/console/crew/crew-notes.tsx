/** What was said of the call, with the crew's word that it has read it, and a note of its own. */
import { useState } from 'preact/hooks'
import type { TripView } from '../../client/index.ts'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'
import { crewTime } from './crew-time.ts'

interface CrewNotesProps {
  readonly shift: CrewShift
  readonly trip: TripView
}

export function CrewNotes({ shift, trip: { callId, notes = [], notesRead } }: CrewNotesProps) {
  const [text, setText] = useState('')
  const fromOthers = notes.filter(({ unitId }) => unitId !== shift.unitId)
  const last = fromOthers.at(-1)?.noteNo ?? 0
  const told = notesRead?.unitId === shift.unitId ? notesRead.noteNo : 0
  const readUpTo = Math.max(told, shift.read?.callId === callId ? shift.read.noteNo : 0)
  const unread = fromOthers.filter(({ noteNo }) => noteNo > readUpTo).length
  const read = say.notes.read(unread)
  const isReading = shift.pressed.some(({ about }) => about === callId)
  const add = () => {
    const said = text.trim()
    if (said === '') return
    setText('')
    void shift.press(`${say.notes.add}: ${said}`, () => shift.client.addNote(callId, said))
  }
  return (
    <section class="crew-notes" aria-labelledby="crew-notes">
      <h3 id="crew-notes">{say.notes.title}</h3>
      {notes.length === 0 && <p class="quiet">{say.notes.none}</p>}
      <ul>
        {notes.map(({ noteNo, unitId, atMs, text: said }) => (
          <li key={noteNo} class={unitId !== shift.unitId && noteNo > readUpTo ? 'unread' : ''}>
            <small class="quiet">
              {crewTime(atMs)} {unitId ?? say.notes.desk}
            </small>
            <p>{said ?? '—'}</p>
          </li>
        ))}
      </ul>
      {unread > 0 && !isReading && (
        <button
          type="button"
          class="big"
          data-button="read-notes"
          onClick={() => void shift.readNotes(read, callId, last)}
        >
          {read}
        </button>
      )}
      {unread === 0 && last > 0 && <p class="quiet">{say.notes.readBy}</p>}
      <label>
        {say.notes.field}
        <textarea
          name="note"
          rows={2}
          maxLength={2_000}
          value={text}
          onInput={event => setText(event.currentTarget.value)}
        />
      </label>
      {text.trim() !== '' && (
        <button type="button" class="big" data-button="add-note" onClick={add}>
          {say.notes.add}
        </button>
      )}
    </section>
  )
}
