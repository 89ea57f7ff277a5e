/**
 * A part of the platform that is made once and kept outside the checkout, in
 * `<home>/parts/<name>-<key>/`. The key is a hash over what makes the part: change a lock file and the part is made
 * anew beside the old one; change nothing and nothing happens.
 */
export interface Part {
  /** kebab-case, unique: `kubernetes`, `base-image`. */
  readonly name: string
  /** Files whose content makes the key (lock files, scripts), as absolute paths. */
  readonly inputs: readonly string[]
  /** Raise it when the way of building changes though no input file did. Part of the key. */
  readonly recipe: number
  /** Names of parts that must exist before; their keys are part of this key. */
  readonly needs?: readonly string[]
  /**
   * Makes the part in `target`, an empty folder that is moved to its final place afterwards: nothing in it may hold
   * its own path. Throws when it cannot; the folder is then thrown away and the next run starts this part anew.
   */
  build(target: string, log: BuildLog): Promise<void>
}

/** What a build tells and how it runs commands. */
export interface BuildLog {
  /** One line for the person who waits: what is happening now. Also written to the part's log file. */
  says(line: string): void
  /**
   * Runs a command to its end; its output goes to the part's log file only.
   * Throws UserError with the last lines of the output when it cannot start or exits other than 0.
   */
  run(command: string, args: readonly string[], options?: CommandOptions): Promise<void>
  /** As `run`, but returns the standard output, trimmed. */
  read(command: string, args: readonly string[], options?: CommandOptions): Promise<string>
  /** Path of a finished part that this one `needs`. */
  partPath(name: string): string
}

export interface CommandOptions {
  readonly cwd?: string
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
}
