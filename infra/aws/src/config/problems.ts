/** One thing in the config that this app cannot understand, at its place. */
export interface Problem {
  readonly path: string;
  readonly problem: string;
  readonly hint: string;
}

/** Everything that keeps a config from being deployed, told at once. */
export class ConfigProblems extends Error {
  constructor(
    readonly file: string,
    readonly problems: readonly Problem[],
  ) {
    const lines = problems.map(({ path, problem, hint }) => `  ${path}: ${problem}; ${hint}`);
    super(`${file} cannot be deployed:\n${lines.join("\n")}\n  \`syncline validate\` checks all the rest of the file`);
    this.name = "ConfigProblems";
  }
}

/** Gathers problems while reading goes on with what can be read. */
export class Findings {
  readonly problems: Problem[] = [];

  add(path: string, problem: string, hint: string): undefined {
    this.problems.push({ path, problem, hint });
    return undefined;
  }
}
