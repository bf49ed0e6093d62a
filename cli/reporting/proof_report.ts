/**
 * What was proven of a network, in words.
 *
 * @module
 */

import type { PluginConfig } from "@unroll/core/runs";
import { formatCount, formatEvery, formatSteps } from "../format.ts";
import type { AnyCertificate } from "../proof/certificate.ts";
import { type Nines, SEEN } from "../proof/nines.ts";
import type { Proof } from "../proof/prove.ts";
import type { Repeat } from "../proof/repeat.ts";

/** Symbols of a word that are shown. */
const SHOWN = 60;

/**
 * Says what is claimed of a network, as the end of a sentence.
 *
 * @param task Its task.
 * @returns What it does rightly.
 */
export function claimOf({ name, options }: PluginConfig): string {
  if (name === "counting") return "adds 1 rightly to every number, of any length";
  if (options.encoding === "none") return "says FizzBuzz rightly for every n ≥ 0";
  return "says FizzBuzz rightly for every number, of any length";
}

/** What else there is to say of a network. */
export interface ProofExtras {
  /** How its program repeats itself, if it was seen to. */
  readonly repeat?: Repeat;
  /** What is written, if anything is. */
  readonly certificate?: AnyCertificate;
}

/**
 * Says what was found out of a network.
 *
 * @param task Its task.
 * @param proof What was found.
 * @param extras What else there is to say.
 * @returns Lines.
 */
export function provenLines(
  task: PluginConfig,
  proof: Proof,
  { repeat, certificate }: ProofExtras,
): string[] {
  const claim = claimOf(task);
  const lines: string[] = [];
  if (proof.outcome === "certified") {
    const { certificate: proven, margin, contraction } = proof;
    lines.push(`Proven: this network ${claim}, margin ${margin.toFixed(2)}.`);
    lines.push(
      proven.kind === "cycle"
        ? `After ${
          formatSteps(proven.prefix)
        } it stays near a cycle of ${proven.period} states, of which a round brings near ones ` +
          `${
            (1 / (contraction ?? 1)).toFixed(1)
          } times as near. It is right however float32 is rounded.`
        : `It rounds its states and has at most ${
          formatCount(proven.states)
        }, with those of the task; all were looked at. ` +
          "It is right however float32 is rounded.",
    );
  } else if (proof.outcome === "refuted") {
    const { seen, word } = proof;
    lines.push(`Refuted: it is not so that this network ${claim}.`);
    lines.push(
      wrongLine(proof, task) +
        (word.length > 1
          ? ` No shorter input was found among ${formatCount(seen.states)} states.`
          : ""),
    );
  } else {
    const { reason, seen } = proof;
    lines.push(`Not certified: ${reason}.`);
    if (seen !== undefined) {
      const upTo = formatSteps(seen.length);
      lines.push(
        `It was right in ${
          formatCount(seen.states)
        } states that words of up to ${upTo} lead to, by a margin of ${seen.margin.toFixed(2)}.`,
      );
    }
  }
  // What is wrong at once carries nothing.
  if (proof.outcome !== "certified" && proof.nines && proof.nines.breaksAfter !== 0) {
    lines.push(ninesLine(proof.nines, task));
  }
  if (repeat !== undefined) {
    const { device, prefix, period } = repeat;
    lines.push(
      `On ${device} its float32 states are the same in every bit from step ${
        formatCount(prefix)
      } on, ${formatEvery(period)}` +
        (certificate?.kind === "repeat"
          ? ": proven for this program, not for other roundings."
          : "."),
    );
  }
  return lines;
}

/** How the margin goes with ever more nines, and where it ends. */
function ninesLine({ margins, breaksAfter, foretold }: Nines, { options }: PluginConfig): string {
  const greatest = (Number(options.base) - 1).toString(16);
  const last = breaksAfter ?? margins.length - 1;
  const places = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512].filter((place) => place < last);
  const values = [...places, last].map((place) => `${margins[place].toFixed(1)} after ${place}`);
  const end = breaksAfter === undefined
    ? `It carries through all ${formatCount(last)} that were tried`
    : `It carries through ${formatCount(breaksAfter - 1)}, and is wrong after ${
      formatCount(breaksAfter)
    }`;
  const before = breaksAfter !== undefined && breaksAfter <= SEEN
    ? ""
    : foretold === undefined
    ? `; of the first ${SEEN} none foretells another end`
    : `; from the first ${SEEN} it was foretold to be wrong after about ${formatCount(foretold)}`;
  return `Margins of the digit after many a ${greatest}: ${values.join(", ")}. ${end}${before}.`;
}

/** Where a network is wrong. */
function wrongLine(
  { word, answer }: Proof & { readonly outcome: "refuted" },
  { name, options }: PluginConfig,
): string {
  const classes = ["the number", "fizz", "buzz", "fizzbuzz"];
  if (name === "counting") {
    const digits = word.toReversed().map((digit) => digit.toString(16)).join("");
    const number = shorten(digits.replace(/^0+(?=.)/, ""));
    return `It is wrong for n = ${number}: digit ${word.length} of n + 1, from the right, is ${
      answer.toString(16)
    }.`;
  }
  const number = options.encoding === "none" ? String(word.length - 1) : shorten(word.join(""));
  return `It is wrong for n = ${number}: right is ${classes[answer]}.`;
}

function shorten(digits: string): string {
  const [run] = digits.match(/(.)\1{11,}$/) ?? [];
  if (run) {
    return `${digits.slice(0, -run.length)}${run[0].repeat(3)}… (${run.length} times ${run[0]})`;
  }
  return digits.length <= SHOWN ? digits : `${digits.slice(0, SHOWN)}… (${digits.length} digits)`;
}
