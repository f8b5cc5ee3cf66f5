/** Every text of the crew's page, in one place: for another language give another object of this form. */

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** `3 positions and 1 report`. */
function waitingThings(positions: number, reports: number): string {
  const parts = [
    ...(positions > 0 ? [plural(positions, 'position', 'positions')] : []),
    ...(reports > 0 ? [plural(reports, 'report', 'reports')] : []),
  ]
  return parts.join(' and ')
}

const CREW_EN = {
  product: 'Goldenhour',
  title: 'Crew',
  signIn: {
    title: 'Sign in for your unit',
    user: 'User',
    password: 'Password',
    unit: 'Unit',
    region: 'Region (only where several have a unit of this name)',
    submit: 'Sign in',
    busy: 'Signing in …',
    notCrew: (role: string) =>
      `You are signed in as ${role}. This page is for crews; the desk works at the address of the engine itself.`,
  },
  connection: {
    open: 'Connected',
    connecting: 'Connecting …',
    waiting: 'No connection',
    closed: 'Session has ended',
    old: (age: string) => `No connection for ${age}. What you see may be old.`,
    unknown: 'Nothing is known of your unit yet.',
    stalled: 'The centre’s database takes no reports now. They wait.',
    signInAgain: 'Sign in again',
    ended: (message: string) => `The engine has ended this session: ${message}`,
  },
  waiting: {
    away: (positions: number, reports: number) =>
      `${waitingThings(positions, reports)} ${positions + reports === 1 ? 'waits' : 'wait'}; sent as soon as there is a connection.`,
    open: (positions: number, reports: number) =>
      `${waitingThings(positions, reports)} ${positions + reports === 1 ? 'is' : 'are'} being sent.`,
    list: 'Not sent yet',
    leave: 'Keep this page open: what waits is lost with it.',
    pressed: (what: string, time: string) => `${what}, pressed ${time}`,
  },
  duty: {
    signOn: (unit: string) => `Sign on to ${unit}`,
    signOff: 'Sign off',
    relieve: (crew: string) => `${crew} is signed on to this unit. Signing on relieves that crew.`,
    offDuty: 'You are off duty. The desk sends you nothing.',
    free: 'You are available. Orders come up here by themselves.',
    away: (reason: string) => `You are unavailable: ${reason}.`,
    standingDown: 'You are standing down. Say when you are clear of the scene.',
    unavailable: 'Unavailable …',
    available: 'Available',
    why: 'Why are you unavailable?',
    back: 'Back',
  },
  order: {
    ordered: 'Order',
    offered: 'Offer',
    announced: (priority: number, problem: string) => `New: priority ${priority}, ${problem}`,
    priority: (priority: number) => `Priority ${priority}`,
    noProblem: 'no problem named',
    answerIn: (left: string) => `Answer within ${left}`,
    over: 'The time to answer is over.',
    acknowledge: 'Acknowledge',
    accept: 'Accept',
    decline: 'Decline …',
    whyDecline: 'Why do you decline?',
    accepted: 'Your answer waits to be sent. The desk does not know of it yet.',
    declined: 'Your refusal waits to be sent.',
    afterAcceptance: 'Address and caller are shown once you have accepted.',
  },
  facts: {
    call: (number: string) => `Call ${number}`,
    need: 'Need',
    carries: 'transport',
    place: 'Place',
    way: 'Way',
    hospital: 'Hospital',
    byRoad: (distance: string) => `${distance} by road`,
    straight: (distance: string) => `${distance} by the straight line`,
    thereIn: (left: string) => `predicted arrival in ${left}`,
    lateBy: (by: string) => `predicted arrival was ${by} ago`,
    noWay: 'not known: no position yet',
    navigate: 'Navigate',
    caller: 'Caller',
    said: 'Said',
  },
  work: {
    next: {
      'en-route': 'En route',
      'on-scene': 'On scene',
      'at-patient': 'At patient',
      transporting: 'Transporting',
      'at-destination': 'At destination',
      transferred: 'Handed over',
    } as Readonly<Record<string, string>>,
    close: 'Close …',
    howClosed: 'How did it end?',
    more: 'More',
    now: (phase: string) => `Now: ${phase}`,
    notSent: 'pressed here, not sent yet',
    closing: 'The end waits to be sent.',
  },
  hospital: {
    choose: 'Hospital …',
    title: 'Where do you bring the patient?',
    asked: 'Asking which hospitals are near …',
    failed: 'Nobody answers now: which hospitals are near is known with a connection.',
    nothing: 'The desk has no hospitals on its list.',
    notOpen: (status: string, note: string | null, away: string) =>
      `${status.toUpperCase()}${note === null ? '' : ` (${note})`}: ${away}`,
    none: 'Not decided yet',
    to: (name: string) => `Hospital: ${name}`,
    near: (name: string, time: string) => `${name}, ${time} away`,
    far: (name: string, distance: string) => `${name}, ${distance} in a straight line: no road is known`,
  },
  emergency: {
    call: 'Help for us',
    again: 'Tap again: the desk is told that you need help',
    notSent: (time: string) =>
      `Pressed ${time}, and NOT SENT YET. Use the radio, too. It goes out as soon as there is a connection.`,
    known: (time: string) =>
      `The desk knows since ${time} that you need help. It sends you nowhere until it says that you are safe.`,
  },
  standDown: {
    title: 'Stand down',
    words: (number: string) => `Call ${number} was taken from you.`,
    unknown: 'Your call was taken from you.',
    acknowledge: 'I know',
  },
  notes: {
    title: 'Notes of the call',
    desk: 'desk',
    none: 'No notes.',
    read: (count: number) => `I have read ${count === 1 ? 'this note' : 'these notes'}`,
    readBy: 'You have said that you read all.',
    field: 'A note to the desk',
    add: 'Add note',
  },
  clock: {
    ahead: (by: string) => `This phone's clock is ${by} ahead. Have it set by the network.`,
    behind: (by: string) => `This phone's clock is ${by} behind. Have it set by the network.`,
  },
  position: {
    ok: (age: string, accuracy: string) => `Position ${age} old, within ${accuracy}`,
    waiting: 'Waiting for a position …',
    denied:
      'This browser may not tell where you are. Allow location for this page; until then the desk does not see you.',
    insecure: 'This browser tells positions only over https. The desk does not see you.',
    none: 'This browser has no positions. The desk does not see you.',
    failed: 'No position is to be had just now. The desk sees your last one, and how old it is.',
    hidden: 'Positions are taken only while this page is in sight.',
  },
  settings: {
    title: 'Settings',
    sound: 'Sound and vibration',
    needsTouch: 'Silent until you touch this page once.',
    theme: (now: string) => `Colours: ${now}`,
    themes: { light: 'light', dark: 'dark', system: 'as the system' },
    awake: 'The screen is kept on while you are on duty.',
    sleeps: 'This browser does not keep the screen on: set it so on the phone.',
    signOut: 'Sign out',
    notYet: 'Not while something waits to be sent.',
  },
  outcome: {
    failed: (what: string, message: string) => `${what}: ${message}`,
    closed: (what: string) => `${what}: nobody knows whether this came through. Tell the desk by voice.`,
    dismiss: 'Dismiss',
  },
} as const

/** The crew's texts in use. */
export const say = CREW_EN
