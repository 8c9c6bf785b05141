/** `runtime report`. */
import { type Command, exitCodes } from "./command.ts";
import { commonOptions, oneOperand, parseOptions, type Usage } from "./options.ts";
import { writeReport } from "../report/html/write-report.ts";

const options = { ...commonOptions } as const;

const usage: Usage<typeof options> = {
  name: "report",
  synopsis: "RUN [options]",
  description: `Writes RUN/report.html, one page with a run's curves, figures, confusions and worst clips. A training writes it at
its end; this writes it anew, or before the end.`,
  operands: [["RUN", "the folder of a run, such as runs/ast-1"]],
  options,
  examples: ["runtime report runs/ast-1"],
};

export const reportCommand: Command = {
  usage,
  run: async (args, output) => {
    const { operands } = parseOptions(usage, args);
    const report = await writeReport(oneOperand(usage, operands, "the folder of one run"));
    output.json({ event: "report", report });
    output.result(report);
    return exitCodes.done;
  },
};
