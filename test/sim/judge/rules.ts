/** The rules that the judge holds a run to, by the names under which it reports; `docs/simulation.md` lists them. */
export const RULES = {
  // Inside: the memory of whoever owns the region.
  'one-open-trip': 'No unit has two open trips.',
  'bound-both-ways': 'A trip that somebody works on or is asked for and its unit name each other, in the same phase.',
  'trip-has-a-place':
    "A trip that has not ended is in the desk's queue, in an offer, or on a unit, and in one of them only.",
  'status-follows-work': "A unit's status is that of its trip, or of its crew's word while it has none.",
  'call-ends-with-trips':
    'A call is open as long as one of its trips is, or nobody knows who has a patient that was handed over.',
  // The database.
  'log-without-gaps': 'Positions of the log and numbers of segments go up by one.',
  'time-runs-forward': '`recordedAt` never runs backwards.',
  'one-writer': 'Epochs only rise, and nobody but the newest owner writes.',
  'open-trip-once': 'The table of open trips never holds a unit twice, and holds exactly the bound ones.',
  'log-makes-sense':
    'Every event of the log fits what the log said before it; two folds that share no code agree on that.',
  'deadline-kept':
    'What a deadline causes happens at its time, never before, after a start not before crews could come back; nobody is asked twice in a round.',
  'patient-not-left':
    'From the scene on a unit gets nothing new before somebody says that it is clear, and no trip is taken from one that carries.',
  'patient-received':
    'Of a patient that a crew has left to another unit the log names the trip that has it, which can have it, or somebody is told in the same record and the call stays open; the engine names one by itself only where no other can have it.',
  'numbers-once':
    "Each call has the next number of its year, and each trip its call's number with its place; none is given twice.",
  'policy-kept':
    'A decision is by the numbers and the mode of the policy version that it names, and no older than the one before.',
  'offer-fits':
    'The desk offers a trip to a unit of the level and capabilities that it needs, one that can carry where transport is needed, the nearest it found, or of those about as near the one with most of what is preferred.',
  'soonest-goes':
    'By road the times of a decision are those of a plain search over the streets, with siren, turnout, hour and age of the fix as the policy and the region say, and whoever is sooner than the last unit that it names is named, too.',
  'zones-true':
    'Roads are closed or slow as dispatchers say: from their word until another, or until its time. In the end no engine has other zones than the log, and none whose time is over.',
  'help-of-use':
    'A trained crew of a lower level is sent on a trip of its own where the policy says so, once for each trip, only while the right unit is not there, beside one only if it is there clearly earlier.',
  'loss-told': 'An offer to a unit that lacks something of what is needed says what is lost, and no other offer does.',
  'reserve-kept':
    'A unit of a higher level than needed goes only if the reserve of its level stays free, or it saves the time that the policy asks for, and no other is held back.',
  'urgent-first':
    'No unit is offered a trip while one of priority 1 or 2 that is more urgent, or as urgent and entered earlier, waits for such a unit and has not asked it in its round.',
  'unfit-not-chosen':
    'A unit that declined or lost a trip for a reason that speaks of it or its crew is offered nothing until an event says that it is available.',
  'emergency-heard':
    'A crew that calls for help for itself raises an alarm in the same record, and its unit is offered nothing but by hand until a dispatcher says that it is safe.',
  'silent-not-chosen':
    'A unit that left an offer unanswered is offered nothing before its crew gives a sign, unless nobody else could go.',
  'voice-told':
    'Of an order to a crew that has no app, or whose app is away, the desk is told in the same record, and nobody else is told by voice; a last resort gives way only to who can go and gets its trip.',
  'acknowledgement-said':
    'A unit is said to have taken a trip at a moment only by its own crew, or by a dispatcher who heard just that; what the desk reports of its work implies it, and gives it no moment.',
  'times-in-order':
    "The moments of a unit's work on a trip come in their order, each against those that were said before it, or their events say that they do not; nobody is notified before the decision.",
  'wheels-beside':
    'What the wheels say is told only where the policy lets it, as a phase only behind a time of the same moment, and never in the place of what a person has said.',
  'alarms-answered':
    'An alarm is answered only while it is open, and one that stands and that nobody answers goes up to a supervisor, in its time and once. Of a unit that leaves an offer unanswered somebody is told.',
  'mass-told-once':
    'Units that fall silent at once, as many as the policy says, are one alarm of the region; none of them has an alarm of its own while that stands, and it ends only when fewer than half as many are silent.',
  'hold-kept':
    'A trip on hold is offered to nobody but by a dispatcher, and an order by hand that is not answered puts its trip on hold.',
  'stand-down-heard':
    'A crew whose trip is taken from it is asked to say that it knows, and of one that does not say so somebody is told, in its time and once.',
  'decision-whole':
    "A decision, also one that found nobody or was a dispatcher's, counts every signed-on unit once: by the reason why it could not go, or among those that could.",
  // Rebuilding.
  'rebuild-equals-memory': 'What is rebuilt from the log is what memory has, of everything that is durable.',
  'snapshot-equals-log': 'Rebuilding from the newest snapshots and from the beginning of the log gives the same.',
  // Answers.
  'acknowledged-once':
    'An acknowledged command is in the log exactly once, at the position and with the result that were told.',
  'same-answer': 'The same command under the same id gets the same answer, once it was done.',
  'refused-means-undone': 'A command of which every sending was refused is not in the log.',
  'one-answer-each': 'Nothing is answered that was not asked, nor more often than it was asked.',
  'no-reply-before-durable': 'Nothing leaves the engine that the database could still lose, but positions on the map.',
  'answered-in-time':
    'Whatever asks under an id is answered within two seconds of reaching an engine that runs, whatever the store does.',
  'command-order': 'A command that was sent after the answer to another one stands behind it in the log.',
  'moments-true': "A crew's button is dated by region time, however wrong the clock of its phone is.",
  'decision-right':
    'A command did what the rules make of it at its place in the log; nothing is in the log that nobody sent.',
  'refusal-justified': 'A refusal was true at some moment between the sending of the command and the answer.',
  // Fixes.
  'marks-truthful': 'Every fix up to a mark is stored, or is in a hole that the log records.',
  'marks-rise': "A stream's mark never goes back.",
  'fix-as-sent': 'A stored fix is one that a client sent, to the last digit.',
  'fix-stored-once': 'No fix is stored twice.',
  'track-without-gap': 'Between the stored fixes of a stream nothing is missing that no recorded hole explains.',
  'hole-truthful': 'A recorded hole covers no fix that is stored.',
  'place-is-newest': 'A unit stands where its newest stored fix says, or at a newer one.',
  'placed-in-time': 'A connected crew whose phone is right is placed within its cadence, whatever clocks did before.',
  // What clients are shown.
  'told-as-logged':
    'Units and trips are told as the log has them at the position that is told, personal data only to whom it is for.',
  'board-without-gap':
    'From a snapshot on the board hears every record once, in order, with the events that the log has, but for holes.',
  'tile-without-gap': 'The frames of a tile are numbered without a gap, unless a snapshot stands between.',
  'views-converge': 'In the end every console shows the trips, units and places that the engine has.',
  // Liveness, once the world has been left in peace.
  'liveness-owner': 'Somebody serves the region, by its newest policy, and all that was decided is durable.',
  'liveness-clients': 'Every client that should be is connected, and all its commands are answered.',
  'liveness-fixes': 'Every fix that was sent a minute ago is stored, and its client has been told so.',
  'liveness-help':
    'No trip waits without help that its policy would send, while a crew that is trained at all is free.',
  'liveness-trips':
    'Every trip has ended, is with a unit that can be reached, or waits with its alarm because no unit is free.',
  // Mistakes that the engine itself reports, and what it must do about a store that refuses what it decided.
  'refused-write-drops': 'An owner whose write the store refuses for its content drops its memory and rebuilds it.',
  'no-internal':
    'The engine finds no mistake of its own: no error in its log and no answer `internal` without a cause outside.',
} as const

export type RuleName = keyof typeof RULES
