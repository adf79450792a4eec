/**
 * Cron expressions of five fields, turned into what EventBridge Scheduler understands.
 *
 * Why every field is written out as a list: the two dialects count days of the week differently (0 or 7 is Sunday here, 1 there) and give
 * steps and open fields different signs. A list of values means the same in both.
 */

const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] as const;
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"] as const;
/** As long as a schedule's expression may be. */
const EXPRESSION_CHARACTERS_MAX = 256;
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

export interface Fields {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  readonly weekdays: readonly number[];
}

interface Field {
  readonly word: string;
  readonly from: number;
  readonly to: number;
  readonly names: readonly string[];
}

const FIELDS: readonly Field[] = [
  { word: "minute", from: 0, to: 59, names: [] },
  { word: "hour", from: 0, to: 23, names: [] },
  { word: "day of the month", from: 1, to: 31, names: [] },
  { word: "month", from: 1, to: 12, names: MONTHS },
  { word: "day of the week", from: 0, to: 7, names: DAYS },
];

/** The values that each of five fields names, or a sentence on what cannot be read. */
export function readCron(expression: string): Fields | string {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    return `a cron expression has five fields, this one has ${parts.length}`;
  }
  const read: number[][] = [];
  for (const [place, field] of FIELDS.entries()) {
    const values = readField(parts[place] ?? "", field);
    if (values === undefined) {
      return `the ${field.word} \`${parts[place]}\` cannot be read`;
    }
    read.push(values);
  }
  const [minutes = [], hours = [], days = [], months = [], week = []] = read;
  const weekdays = [...new Set(week.map((day) => day % 7))].sort(byNumber);
  if (days.length < 31 && weekdays.length < 7) {
    return "it names a day of the month and a day of the week, and systems differ in what that means";
  }
  return { minutes, hours, days, months, weekdays };
}

function readField(text: string, field: Field): number[] | undefined {
  if (text === "?") {
    return range(field.from, field.to);
  }
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const match = /^(?:(\*)|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:\/([0-9]+))?$/.exec(item);
    if (match === null) {
      return undefined;
    }
    const [, open, first, last, step] = match;
    const stride = step === undefined ? 1 : Number(step);
    const from = open === undefined ? value(first ?? "", field) : field.from;
    let to = last === undefined ? from : value(last, field);
    if (open !== undefined || (last === undefined && step !== undefined)) {
      to = field.to;
    }
    if (from === undefined || to === undefined || stride < 1) {
      return undefined;
    }
    // FRI-MON goes over the week's end.
    const isWeek = field.names === DAYS;
    if (to < from && !isWeek) {
      return undefined;
    }
    const end = to < from ? to + 7 : open !== undefined && isWeek ? 6 : to;
    for (let at = from; at <= end; at += stride) {
      values.add(isWeek ? at % 7 : at);
    }
  }
  return [...values].sort(byNumber);
}

function value(text: string, field: Field): number | undefined {
  const number = /^[0-9]+$/.test(text) ? Number(text) : named(text, field);
  return number !== undefined && number >= field.from && number <= field.to ? number : undefined;
}

function named(text: string, field: Field): number | undefined {
  const place = field.names.indexOf(text.toUpperCase());
  return place < 0 ? undefined : place + field.from;
}

/** The expression for EventBridge Scheduler: six fields, one of the two kinds of day left open. Or a sentence on why there is none. */
export function schedulerCron(fields: Fields): { expression: string } | string {
  const minutes = listed(fields.minutes, 60);
  const hours = listed(fields.hours, 24);
  const months = listed(fields.months, 12);
  const everyWeekday = fields.weekdays.length === 7;
  const days = everyWeekday ? listed(fields.days, 31) : "?";
  const weekdays = everyWeekday ? "?" : fields.weekdays.map((day) => DAYS[day]).join(",");
  const expression = `cron(${minutes} ${hours} ${days} ${months} ${weekdays} *)`;
  if (expression.length > EXPRESSION_CHARACTERS_MAX) {
    return `written out it is longer than the ${EXPRESSION_CHARACTERS_MAX} characters that AWS takes`;
  }
  return { expression };
}

function listed(values: readonly number[], all: number): string {
  return values.length === all ? "*" : values.join(",");
}

/** The longest time between two runs, in seconds; `undefined` where it is more than a week, or follows months. */
export function longestGap(fields: Fields): number | undefined {
  if (fields.days.length < 31 || fields.months.length < 12) {
    return undefined;
  }
  const runs: number[] = [];
  for (const day of fields.weekdays) {
    for (const hour of fields.hours) {
      runs.push(...fields.minutes.map((minute) => day * DAY_S + hour * HOUR_S + minute * 60));
    }
  }
  const first = runs[0];
  if (first === undefined) {
    return undefined;
  }
  const next = [...runs.slice(1), first + 7 * DAY_S];
  return Math.max(...runs.map((run, place) => (next[place] ?? run) - run));
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, place) => from + place);
}

function byNumber(one: number, other: number): number {
  return one - other;
}
