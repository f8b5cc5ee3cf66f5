/** What was said of the call: notes that stay as they were written, and a field for the next one. */
import { useState } from 'preact/hooks'
import type { NoteView, TripView } from '../../client/index.ts'
import { timeOfDay } from '../format.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { tripTexts } from './trip-texts.ts'

interface NotesProps {
  readonly shift: Shift
  readonly trip: TripView
}

export function TripNotes({ shift, trip }: NotesProps) {
  const [text, setText] = useState('')
  const [corrects, setCorrects] = useState<number | null>(null)
  const { callId, notes = [], unitId } = trip
  const add = async () => {
    if (text.trim() === '') return
    const options = corrects === null ? {} : { corrects }
    const added = await shift.tryTo(t.trip.addNote, () => shift.client.addNote(callId, text.trim(), options))
    if (added === null) return
    setText('')
    setCorrects(null)
  }
  return (
    <section aria-labelledby="notes">
      <h3 id="notes">{unitId === null ? t.trip.notes : tripTexts.crewMessage}</h3>
      <ul class="notes">
        {notes.map(note => (
          <Note key={note.noteNo} shift={shift} trip={trip} note={note} correct={() => setCorrects(note.noteNo)} />
        ))}
      </ul>
      {corrects !== null && (
        <p class="quiet">
          {tripTexts.correctNote(corrects)}{' '}
          <button type="button" onClick={() => setCorrects(null)}>
            {t.trip.dont}
          </button>
        </p>
      )}
      <label>
        <span class="hidden">{t.trip.addNote}</span>
        <textarea
          name="note"
          rows={2}
          maxLength={2_000}
          placeholder={tripTexts.noteHint}
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

function Note({ shift, trip, note, correct }: NotesProps & { readonly note: NoteView; readonly correct: () => void }) {
  const { noteNo, by, unitId, atMs, corrects, text } = note
  return (
    <li data-note={noteNo}>
      <small class="quiet">
        <time class="figures">{timeOfDay(atMs, shift.info.timeZone)}</time>{' '}
        {unitId === null ? by : shift.callSign(unitId)}
        {corrects !== null && ` · ${tripTexts.correctsNote(corrects)}`}{' '}
        <button type="button" class="link" onClick={correct}>
          {tripTexts.correct}
        </button>
      </small>
      <p>{text ?? '—'}</p>
      {unitId === null && <ReadSign shift={shift} trip={trip} noteNo={noteNo} />}
    </li>
  )
}

/** Whether the crew that has the trip now has said that it read so far. */
function ReadSign({ shift, trip, noteNo }: NotesProps & { readonly noteNo: number }) {
  const { unitId, notesRead } = trip
  if (notesRead !== undefined && notesRead.noteNo >= noteNo && (unitId === null || unitId === notesRead.unitId)) {
    const time = timeOfDay(notesRead.atMs, shift.info.timeZone)
    return <p class="note-read good">✓ {tripTexts.readAt(shift.callSign(notesRead.unitId), time)}</p>
  }
  return unitId === null ? null : <p class="note-read quiet">{tripTexts.notRead(shift.callSign(unitId))}</p>
}
