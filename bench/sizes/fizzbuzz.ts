/** A program that trains: a recurrent network on FizzBuzz. */
import { train } from "@unroll/core/training";
import { rnn } from "@unroll/models";
import { fizzbuzz } from "@unroll/tasks";

const { error } = await train({ model: rnn({ hidden: 16 }), task: fizzbuzz(), steps: 100 });
console.log(error);
