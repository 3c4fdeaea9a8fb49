// Aruoba and Fernandez-Villaverde's benchmark ("A comparison of programming languages in macroeconomics", 2015), written
// anew by their description: the stochastic growth model with full depreciation and logarithmic utility, by plain value
// function iteration on 17,820 x 5 points. Each row's search starts at the choice of the row before and ends at the first
// decline.
//
//     c++ -O3 -march=native -std=c++17 -o aruoba aruoba.cpp && ./aruoba 5 policy.bin
//
// Prints, a run: seconds processor-seconds iterations last-change policy(1000, 3); and writes the choices as 32-bit numbers, by state.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

constexpr int CAPITAL = 17820, STATES = 5;
constexpr double ALPHA = 0.33333333333, BETA = 0.95, TOLERANCE = 1e-7;
constexpr double PRODUCTIVITY[STATES] = {0.9792, 0.9896, 1.0000, 1.0106, 1.0212};
constexpr double TRANSITION[STATES][STATES] = {{0.9727, 0.0273, 0.0000, 0.0000, 0.0000},
                                               {0.0041, 0.9806, 0.0153, 0.0000, 0.0000},
                                               {0.0000, 0.0082, 0.9837, 0.0082, 0.0000},
                                               {0.0000, 0.0000, 0.0153, 0.9806, 0.0041},
                                               {0.0000, 0.0000, 0.0000, 0.0273, 0.9727}};

using Table = std::vector<double>;

struct Solution {
    int iterations;
    double change;
    std::vector<std::int32_t> choice;
};

// Tables are capital x states, as in the customary code.
static Solution solve(const Table& grid, const Table& output) {
    Table value(CAPITAL * STATES, 0.0), next(CAPITAL * STATES), expected(CAPITAL * STATES);
    std::vector<std::int32_t> choice(CAPITAL * STATES);
    double change = 10.0;
    int iterations = 0;
    while (change > TOLERANCE) {
        for (int k = 0; k < CAPITAL; ++k)
            for (int z = 0; z < STATES; ++z) {
                double sum = 0.0;
                for (int to = 0; to < STATES; ++to) sum += TRANSITION[z][to] * value[k * STATES + to];
                expected[k * STATES + z] = sum;
            }
        for (int z = 0; z < STATES; ++z) {
            int start = 0;
            for (int k = 0; k < CAPITAL; ++k) {
                double best = -1e5;
                for (int j = start; j < CAPITAL; ++j) {
                    const double consumption = output[k * STATES + z] - grid[j];
                    const double total = (1.0 - BETA) * std::log(consumption) + BETA * expected[j * STATES + z];
                    if (!(total > best)) break;
                    best = total;
                    start = j;
                }
                next[k * STATES + z] = best;
                choice[k * STATES + z] = start;
            }
        }
        change = 0.0;
        for (int i = 0; i < CAPITAL * STATES; ++i) change = std::fmax(change, std::fabs(next[i] - value[i]));
        value.swap(next);
        ++iterations;
    }
    return {iterations, change, choice};
}

int main(int count, char** arguments) {
    const int runs = count > 1 ? std::atoi(arguments[1]) : 1;
    const double steady = std::pow(ALPHA * BETA, 1.0 / (1.0 - ALPHA));
    Table grid(CAPITAL), output(CAPITAL * STATES);
    for (int k = 0; k < CAPITAL; ++k) {
        grid[k] = 0.5 * steady + 1e-5 * k;
        for (int z = 0; z < STATES; ++z) output[k * STATES + z] = PRODUCTIVITY[z] * std::pow(grid[k], ALPHA);
    }
    Solution solution;
    for (int run = 0; run < runs; ++run) {
        const auto began = std::chrono::steady_clock::now();
        const std::clock_t processor = std::clock();
        solution = solve(grid, output);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
        const double worked = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
        std::printf("%.6f %.6f %d %.17g %.17g\n", seconds.count(), worked, solution.iterations, solution.change,
                    grid[solution.choice[999 * STATES + 2]]);
        std::fflush(stdout);
    }
    if (count > 2) {
        std::FILE* file = std::fopen(arguments[2], "wb");
        if (!file) return 1;
        for (int z = 0; z < STATES; ++z)
            for (int k = 0; k < CAPITAL; ++k)
                std::fwrite(&solution.choice[k * STATES + z], sizeof(std::int32_t), 1, file);
        return std::fclose(file) == 0 ? 0 : 1;
    }
    return 0;
}
