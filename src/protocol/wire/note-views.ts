/** What was said of a call, and how far a crew has read, as clients are shown it. */

/** Something that was said about a call. */
export interface NoteView {
  readonly noteNo: number
  readonly by: string
  /** The unit of the crew that wrote it; null for the desk. */
  readonly unitId: string | null
  readonly atMs: number
  /** The note that this one corrects; null where it corrects none. */
  readonly corrects: number | null
  /** Null where the stored text is damaged. */
  readonly text: string | null
}

/** A crew has read every note up to `noteNo`. */
export interface NotesReadView {
  readonly unitId: string
  readonly by: string
  readonly noteNo: number
  readonly atMs: number
}

/** A note as the record that it came with is shown. */
export interface CallNoteView extends NoteView {
  readonly callId: string
}
